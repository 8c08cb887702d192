//! Where a cluster's servers are: `nats://[USER:PASSWORD@]HOST:PORT[,HOST:PORT...][?replicas=N]`.

use std::{fmt, str::FromStr};

use async_nats::ServerAddr;
use percent_encoding::percent_decode_str;

/// Servers of one NATS cluster, and how to use them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Address {
    pub(crate) servers: Vec<ServerAddr>,
    pub(crate) login: Login,
    /// How many of the servers hold each message.
    pub(crate) replicas: usize,
}

/// Who we are to the servers.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Login {
    Nobody,
    User { name: String, password: String },
    Token(String),
}

impl Address {
    /// How many servers may hold each message: a majority of them must be there.
    const REPLICAS: [usize; 3] = [1, 3, 5];
}

impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let scheme = ["nats://", "tls://"].into_iter().find(|scheme| text.starts_with(scheme));
        let scheme = scheme.ok_or("allowed: nats://HOST:PORT and tls://HOST:PORT")?;
        let rest = &text[scheme.len()..];
        // First the password: whatever is in it, no error shows it.
        let (login, rest) = match rest.rsplit_once('@') {
            Some((login, rest)) => (Login::from_url(login)?, rest),
            None => (Login::Nobody, rest),
        };
        let (hosts, query) = rest.split_once('?').unwrap_or((rest, ""));
        let server = |host: &str| {
            let wrong = || format!("'{host}' is no server; allowed: HOST or HOST:PORT");
            let host = host.strip_prefix(scheme).unwrap_or(host);
            let is_plain = !host.is_empty() && !host.contains(['/', '#']);
            let server = is_plain.then(|| format!("{scheme}{host}").parse::<ServerAddr>().ok());
            server.flatten().ok_or_else(wrong)
        };
        let servers = hosts.split(',').map(server).collect::<Result<_, _>>()?;
        let replicas = match query {
            "" => 1,
            query => {
                let given = query.strip_prefix("replicas=").and_then(|n| n.parse().ok());
                let replicas = given.filter(|n| Self::REPLICAS.contains(n));
                replicas
                    .ok_or_else(|| format!("'?{query}' is unknown; allowed: ?replicas=1, 3 or 5"))?
            }
        };
        Ok(Self { servers, login, replicas })
    }
}

impl Login {
    /// `USER:PASSWORD`, or a token; percent-encoded, as what is in a URL.
    fn from_url(text: &str) -> Result<Self, String> {
        let decoded = |text: &str| {
            let text = percent_decode_str(text).decode_utf8().map(Into::into);
            text.map_err(|_| "the password is not UTF-8".to_owned())
        };
        Ok(match text.split_once(':') {
            Some((name, password)) => {
                Self::User { name: decoded(name)?, password: decoded(password)? }
            }
            None => Self::Token(decoded(text)?),
        })
    }
}

/// Without the password.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, server) in self.servers.iter().enumerate() {
            let before =
                if index == 0 { format!("{}://", server.scheme()) } else { ",".to_owned() };
            write!(f, "{before}{}:{}", server.host(), server.port())?;
        }
        Ok(())
    }
}

/// Without the password.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Nobody => "Nobody",
            Self::User { .. } => "User",
            Self::Token(_) => "Token",
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_server_or_several_with_a_password_and_replicas() {
        let one: Address = "nats://10.0.0.1".parse().unwrap();
        assert_eq!((one.to_string().as_str(), one.replicas), ("nats://10.0.0.1:4222", 1));
        let three: Address = "tls://me:p%40ss,@a:1,tls://b:2,c?replicas=3".parse().unwrap();
        assert_eq!((three.to_string().as_str(), three.replicas), ("tls://a:1,b:2,c:4222", 3));
        let login = Login::User { name: "me".to_owned(), password: "p@ss,".to_owned() };
        assert!(three.login == login && !format!("{three:?}{three}").contains("p@ss"));
        let token: Address = "nats://secret@a".parse().unwrap();
        assert!(token.login == Login::Token("secret".to_owned()));
    }

    #[test]
    fn what_is_no_address_is_refused_and_told_what_is_allowed_without_the_password() {
        for (text, allowed) in [
            ("http://a", "nats://HOST:PORT"),
            ("nats://", "HOST:PORT"),
            ("nats://me:secret@a:4222,,b", "HOST:PORT"),
            ("nats://me:secret@a:port", "HOST:PORT"),
            ("nats://me:secret@a/path", "HOST:PORT"),
            ("nats://me:secret?,secret@a?replicas=2", "?replicas=1, 3 or 5"),
            ("nats://a?replica=3", "?replicas=1, 3 or 5"),
        ] {
            let error = text.parse::<Address>().unwrap_err();
            assert!(error.contains(allowed) && !error.contains("secret"), "{text}: {error}");
        }
    }
}
