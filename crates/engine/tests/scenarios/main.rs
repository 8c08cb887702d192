//! Streams with the clock in hand: a file a behaviour.

#![allow(clippy::unwrap_used, reason = "what is wrong here fails the test")]

mod a_stream_goes_on_from_what_was_kept;
mod all_listeners_of_an_encoding_share_its_frames;
mod chunks_follow_the_smallest_lead;
#[path = "../decoder/mod.rs"]
mod decoder;
mod hall;
mod late_wake_up_catches_up_at_once;
mod listener_is_kept_ahead_of_real_time;
mod ramps_go_on_through_everything;
mod same_events_same_samples;
mod setting_applies_where_the_answer_says;
mod slow_listener_jumps_to_the_live_edge;
mod stream_freezes_when_nobody_takes;
mod what_was_kept_is_heard_again;
mod who_comes_back_hears_no_seam;
