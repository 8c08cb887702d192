//! One connection to the cluster: what is written, read and watched by it.
//!
//! It lasts until something fails. Then it is given up whole and another one is made: nothing waits inside the
//! client, and nothing is written late by a connection that was thought to be gone.
//!
//! ```text
//!   perpetuo        KEY.record  the passage to go on from      forgotten after the time to live
//!                   KEY.set     what was set last of each parameter
//!   perpetuo_past   KEY.FROM    a closed passage               forgotten after the history
//!   perpetuo_key    ids         the key that signs ids
//! ```
//!
//! These are key-value buckets of JetStream (NATS ADR-8), so `nats kv` shows them. They are made and used as the
//! streams that they are: some servers in use are older than what the client's own buckets ask of them.

use std::time::Duration;

use anyhow::{Context as _, anyhow, bail};
use async_nats::{
    Client, ConnectOptions, Event,
    jetstream::{
        Context, ErrorCode,
        consumer::{
            AckPolicy, DeliverPolicy,
            push::{self, Messages},
        },
        context::{ContextBuilder, GetStreamErrorKind, PublishErrorKind},
        message::PublishMessage,
        stream::{
            Config, DirectGetErrorKind, DiscardPolicy, Info, LastRawMessageErrorKind, Stream,
        },
    },
};
use bytes::Bytes;
use futures_util::StreamExt;
use perpetuo_driver::StreamKey;
use perpetuo_engine::Position;
use tokio::sync::watch;

use super::address::{Address, Login};

/// How long a connection may take, and each step to set it up.
const SETUP_PATIENCE: Duration = Duration::from_secs(2);

/// How long a message may take to be written, or read.
const PATIENCE: Duration = Duration::from_millis(250);

/// How often the watch shows that it is alive when nothing is set. After twice that it is not.
const HEARTBEAT: Duration = Duration::from_secs(1);

/// How many commands may wait inside the client.
const CLIENT_QUEUE: usize = 1024;

/// How much longer than the history passages are kept: whoever asks for its beginning needs the one before it.
const PAST_SLACK: Duration = Duration::from_secs(600);

/// Within this time a message that is written twice is one message; the longest there may be.
const DUPLICATES: Duration = Duration::from_secs(120);

/// How long the store keeps things.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Plan {
    pub(crate) time_to_live: Duration,
    /// Of what was heard; zero keeps nothing.
    pub(crate) history: Duration,
}

/// One connection.
pub(crate) struct Link {
    context: Context,
    now: Stream<()>,
    past: Stream<()>,
    key: Stream<()>,
    is_lost: watch::Sender<bool>,
    /// Messages in the store of settings and records, when it was made.
    last: u64,
    /// When the bucket was made, as the server says it.
    born: String,
}

/// A message that was found.
#[derive(Clone, Debug)]
pub(crate) struct Found {
    pub(crate) number: u64,
    pub(crate) payload: Bytes,
}

/// What became of a message that was to take the place of a certain other.
#[derive(Debug)]
pub(crate) enum Written {
    /// It was taken, under this number.
    Taken(u64),
    /// Another one is there, or none.
    Conflict(Option<Found>),
    /// It is larger than the server takes.
    TooLarge,
}

/// What is set by anybody, as it comes.
pub(crate) struct Watch {
    messages: Messages,
    received: u64,
}

/// A message that the watch saw.
#[derive(Debug)]
pub(crate) struct Seen {
    pub(crate) key: StreamKey,
    pub(crate) found: Found,
}

/// What is kept of a stream, one of each.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Record,
    Settings,
}

impl Link {
    /// Connects, and makes the buckets if they are not there.
    pub(crate) async fn open(address: &Address, plan: Plan) -> anyhow::Result<Self> {
        let (is_lost, _) = watch::channel(false);
        let connecting = tokio::time::timeout(SETUP_PATIENCE, connect(address, is_lost.clone()));
        let client = connecting.await.map_err(|_| anyhow!("no answer"))??;
        let patient = ContextBuilder::new().timeout(SETUP_PATIENCE).build(client.clone());
        let info = bucket(&patient, address, "perpetuo", plan.time_to_live).await?;
        bucket(&patient, address, "perpetuo_past", plan.history + PAST_SLACK).await?;
        bucket(&patient, address, "perpetuo_key", Duration::ZERO).await?;
        let context = ContextBuilder::new().timeout(PATIENCE).build(client);
        let stream = async |name: &str| context.get_stream_no_info(format!("KV_{name}")).await;
        Ok(Self {
            now: stream("perpetuo").await?,
            past: stream("perpetuo_past").await?,
            key: stream("perpetuo_key").await?,
            context,
            is_lost,
            last: info.state.last_sequence,
            born: info.created.to_string(),
        })
    }

    /// Writes what is to take the place of the message of a number, or of none, which is 0.
    pub(crate) async fn write(
        &self,
        key: StreamKey,
        kind: Kind,
        payload: Bytes,
        upon: u64,
    ) -> anyhow::Result<Written> {
        let subject = subject(key, kind);
        let message = PublishMessage::build().payload(payload).expected_last_subject_sequence(upon);
        match self.publish(subject.clone(), message).await? {
            Ok(number) => Ok(Written::Taken(number)),
            Err(PublishErrorKind::WrongLastSequence) => {
                Ok(Written::Conflict(latest(&self.now, &subject).await?))
            }
            Err(_) => Ok(Written::TooLarge),
        }
    }

    /// Writes a passage that begins at `from`.
    pub(crate) async fn write_past(
        &self,
        key: StreamKey,
        from: Position,
        payload: Bytes,
    ) -> anyhow::Result<Written> {
        let subject = format!("$KV.perpetuo_past.{}.{}", hex(key), from.samples());
        let message = PublishMessage::build().payload(payload);
        let number = self.publish(subject, message).await?;
        Ok(number.map_or(Written::TooLarge, Written::Taken))
    }

    /// Reads what is kept of a stream, from any server that holds it.
    pub(crate) async fn read(&self, key: StreamKey, kind: Kind) -> anyhow::Result<Option<Found>> {
        self.noticing(read(&self.now, subject(key, kind))).await
    }

    /// Where passages begin that are kept of a stream, in order.
    pub(crate) async fn beginnings(&self, key: StreamKey) -> anyhow::Result<Vec<Position>> {
        let list = async {
            let prefix = format!("$KV.perpetuo_past.{}.", hex(key));
            let mut subjects = self.past.info_with_subjects(format!("{prefix}*")).await?;
            let mut beginnings = Vec::new();
            while let Some(subject) = subjects.next().await {
                let (subject, _) = subject?;
                let samples =
                    subject.strip_prefix(&prefix).and_then(|samples| samples.parse().ok());
                beginnings.extend(samples.map(Position::new));
            }
            beginnings.sort_unstable();
            Ok(beginnings)
        };
        self.noticing(list).await
    }

    /// Reads a passage that begins at `from`.
    pub(crate) async fn read_past(
        &self,
        key: StreamKey,
        from: Position,
    ) -> anyhow::Result<Option<Found>> {
        let subject = format!("$KV.perpetuo_past.{}.{}", hex(key), from.samples());
        self.noticing(read(&self.past, subject)).await
    }

    /// The key that all nodes share: the one that is there, or else `offered`, which is there from now on.
    pub(crate) async fn shared_key(&self, offered: &str) -> anyhow::Result<String> {
        let subject = "$KV.perpetuo_key.ids";
        let payload = offered.to_owned().into();
        let message = PublishMessage::build().payload(payload).expected_last_subject_sequence(0);
        if self.publish(subject.to_owned(), message).await?.is_ok() {
            return Ok(offered.to_owned());
        }
        let found = latest(&self.key, subject).await?.context("the key is gone")?;
        String::from_utf8(found.payload.into()).context("the key is damaged")
    }

    /// Watches what is set from the message of a number on.
    pub(crate) async fn watch(&self, from: u64) -> anyhow::Result<Watch> {
        let config = push::Config {
            deliver_subject: self.context.client().new_inbox(),
            deliver_policy: DeliverPolicy::ByStartSequence { start_sequence: from },
            ack_policy: AckPolicy::None,
            filter_subject: "$KV.perpetuo.*.set".to_owned(),
            idle_heartbeat: HEARTBEAT,
            inactive_threshold: 30 * HEARTBEAT,
            max_deliver: 1,
            memory_storage: true,
            num_replicas: 1,
            ..push::Config::default()
        };
        let making = tokio::time::timeout(SETUP_PATIENCE, self.now.create_consumer(config));
        let consumer = making.await.context("no watch")?.context("no watch")?;
        Ok(Watch { messages: consumer.messages().await?, received: 0 })
    }

    /// The number after which there was nothing when the connection was made, and which bucket it is about.
    pub(crate) fn beginning(&self) -> (u64, &str) {
        (self.last, &self.born)
    }

    /// Returns when the connection is lost, or thought to be.
    pub(crate) async fn lost(&self) {
        // It cannot be dropped while it is here.
        let _ = self.is_lost.subscribe().wait_for(|is_lost| *is_lost).await;
    }

    /// What is too large, or not upon what it should be, is no failure of the connection.
    async fn publish(
        &self,
        subject: String,
        message: PublishMessage,
    ) -> anyhow::Result<Result<u64, PublishErrorKind>> {
        let publishing = async { self.context.send_publish(subject, message).await?.await };
        match tokio::time::timeout(PATIENCE, publishing).await {
            Err(_) => bail!("no answer"),
            Ok(Ok(ack)) => Ok(Ok(ack.sequence)),
            Ok(Err(error)) => match error.kind() {
                kind @ (PublishErrorKind::WrongLastSequence
                | PublishErrorKind::MaxPayloadExceeded) => Ok(Err(kind)),
                _ => Err(error.into()),
            },
        }
    }

    /// A reading within its time. If it fails, so did the connection.
    async fn noticing<T>(
        &self,
        reading: impl Future<Output = anyhow::Result<T>>,
    ) -> anyhow::Result<T> {
        let read = tokio::time::timeout(PATIENCE, reading).await;
        let read = read.unwrap_or_else(|_| Err(anyhow!("no answer")));
        if read.is_err() {
            self.is_lost.send_replace(true);
        }
        read
    }
}

impl Watch {
    /// What is set next. An error ends the watch, and what it may have missed is seen by another one from there
    /// on.
    pub(crate) async fn next(&mut self) -> anyhow::Result<Seen> {
        loop {
            let message = self.messages.next().await.context("the watch ended")??;
            let info = message.info().map_err(|error| anyhow!("the watch: {error}"))?;
            self.received += 1;
            if info.consumer_sequence != self.received {
                bail!("the watch missed something");
            }
            let key = message.subject.strip_prefix("$KV.perpetuo.");
            let key = key.and_then(|rest| rest.strip_suffix(".set")).and_then(from_hex);
            if let Some(key) = key {
                let found =
                    Found { number: info.stream_sequence, payload: message.payload.clone() };
                return Ok(Seen { key, found });
            }
        }
    }
}

async fn connect(address: &Address, is_lost: watch::Sender<bool>) -> anyhow::Result<Client> {
    let options = ConnectOptions::new()
        .name("perpetuo")
        .connection_timeout(SETUP_PATIENCE / 4)
        .ping_interval(10 * HEARTBEAT)
        .client_capacity(CLIENT_QUEUE)
        .ignore_discovered_servers()
        // Each once; and when the connection is lost, this one is not needed any more.
        .max_reconnects(address.servers.len())
        .event_callback(move |event| {
            if matches!(event, Event::Disconnected | Event::Closed | Event::LameDuckMode) {
                is_lost.send_replace(true);
            }
            std::future::ready(())
        });
    let options = match address.login.clone() {
        Login::Nobody => options,
        Login::User { name, password } => options.user_and_password(name, password),
        Login::Token(token) => options.token(token),
    };
    Ok(options.connect(address.servers.as_slice()).await?)
}

/// Finds a bucket, or makes it. One that is there is used as it is.
async fn bucket(
    context: &Context,
    address: &Address,
    name: &str,
    max_age: Duration,
) -> anyhow::Result<Info> {
    let stream = format!("KV_{name}");
    let finding = tokio::time::timeout(SETUP_PATIENCE / 2, context.get_stream(&stream));
    match finding.await.map_err(|_| anyhow!("the bucket {name} has no leader"))? {
        Ok(found) => return Ok(found.cached_info().clone()),
        Err(error) => match error.kind() {
            GetStreamErrorKind::JetStream(wrong)
                if wrong.error_code() == ErrorCode::STREAM_NOT_FOUND => {}
            _ => return Err(anyhow!(error).context(format!("cannot find the bucket {name}"))),
        },
    }
    let config = Config {
        name: stream.clone(),
        subjects: vec![format!("$KV.{name}.>")],
        max_messages_per_subject: 1,
        max_age,
        allow_rollup: true,
        deny_delete: true,
        allow_direct: true,
        num_replicas: address.replicas,
        discard: DiscardPolicy::New,
        duplicate_window: if max_age.is_zero() { DUPLICATES } else { DUPLICATES.min(max_age) },
        ..Config::default()
    };
    match context.create_stream(config).await {
        Ok(made) => Ok(made.cached_info().clone()),
        // Another node may have been faster.
        Err(error) => match context.get_stream(&stream).await {
            Ok(found) => Ok(found.cached_info().clone()),
            Err(_) => Err(anyhow!(error).context(format!("cannot make the bucket {name}"))),
        },
    }
}

async fn read(stream: &Stream<()>, subject: String) -> anyhow::Result<Option<Found>> {
    match stream.direct_get_last_for_subject(subject).await {
        Ok(found) => Ok(Some(Found { number: found.sequence, payload: found.payload })),
        Err(error) if error.kind() == DirectGetErrorKind::NotFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Reads from the server that takes what is written.
async fn latest(stream: &Stream<()>, subject: &str) -> anyhow::Result<Option<Found>> {
    let reading = tokio::time::timeout(PATIENCE, stream.get_last_raw_message_by_subject(subject));
    match reading.await.map_err(|_| anyhow!("no answer"))? {
        Ok(found) => Ok(Some(Found { number: found.sequence, payload: found.payload })),
        Err(error) if error.kind() == LastRawMessageErrorKind::NoMessageFound => Ok(None),
        Err(error) => Err(error.into()),
    }
}

fn subject(key: StreamKey, kind: Kind) -> String {
    let kind = match kind {
        Kind::Record => "record",
        Kind::Settings => "set",
    };
    format!("$KV.perpetuo.{}.{kind}", hex(key))
}

fn hex(key: StreamKey) -> String {
    key.0.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn from_hex(text: &str) -> Option<StreamKey> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let key = u128::from_str_radix(text, 16).ok().filter(|_| is_hex)?;
    Some(StreamKey(key.to_be_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stream_is_found_by_what_its_messages_are_called() {
        let key = StreamKey(*b"0123456789abcdef");
        assert_eq!(from_hex(&hex(key)), Some(key));
        assert_eq!(subject(key, Kind::Settings), format!("$KV.perpetuo.{}.set", hex(key)));
        for text in ["", "0", "+0000000000000000000000000000000", &"0".repeat(33)] {
            assert_eq!(from_hex(text), None, "{text}");
        }
    }
}
