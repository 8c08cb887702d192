//! The stations.
