//! One connection on which requests are made one after another.

use std::{
    io::{BufRead, BufReader, Read, Write},
    net::{SocketAddr, TcpStream},
};

use anyhow::{Context, bail};

pub(super) struct Caller(BufReader<TcpStream>);

impl Caller {
    pub(super) fn new(address: SocketAddr) -> anyhow::Result<Self> {
        let socket = TcpStream::connect(address).context("cannot connect")?;
        socket.set_nodelay(true).context("cannot connect")?;
        Ok(Self(BufReader::new(socket)))
    }

    /// Gets a short answer: its status and its body.
    pub(super) fn get(&mut self, path: &str) -> anyhow::Result<(u16, String)> {
        let request = format!("GET {path} HTTP/1.1\r\nHost: bench\r\n\r\n");
        self.0.get_mut().write_all(request.as_bytes()).context("cannot ask")?;
        let mut line = String::new();
        self.0.read_line(&mut line).context("no answer")?;
        let status = line.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.with_context(|| format!("no answer: {line:?}"))?;
        let mut len = 0;
        loop {
            line.clear();
            if self.0.read_line(&mut line).context("no answer")? == 0 {
                bail!("the answer ended early");
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                len = value.trim().parse().context("an answer of no length")?;
            }
        }
        let mut body = vec![0; len];
        self.0.read_exact(&mut body).context("the answer ended early")?;
        Ok((status, String::from_utf8(body).context("the answer is no text")?))
    }
}
