//! Printing, when whoever reads may have gone.

use std::io::{self, Write};

use anyhow::Context;

/// Prints text to standard output. A reader that has enough, like `head`, is no error.
pub(crate) fn print(text: &str) -> anyhow::Result<()> {
    let mut stdout = io::stdout().lock();
    match stdout.write_all(text.as_bytes()).and_then(|()| stdout.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done.context("cannot write to standard output"),
    }
}

/// Prints a line to standard error, if it can be written.
pub(crate) fn note(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}
