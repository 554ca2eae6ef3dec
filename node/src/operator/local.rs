//! Bytes of this process: files, standard input and output.

use std::io::{self, Read, Write};

use indicatif::ProgressBar;

use super::Port;

/// Reads from one thing, writes to another, and shows a bar.
pub struct Local {
    input: Box<dyn Read + Send>,
    output: Box<dyn Write + Send>,
    bar: ProgressBar,
}

impl Local {
    /// A port between these.
    pub fn new(
        input: Box<dyn Read + Send>,
        output: Box<dyn Write + Send>,
        bar: ProgressBar,
    ) -> Self {
        Self { input, output, bar }
    }
}

impl Port for Local {
    fn input(&mut self) -> Box<dyn Read + '_> {
        Box::new(&mut self.input)
    }

    fn output(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.output.write_all(bytes)
    }

    fn progress(&mut self, done: u64, total: u64) {
        self.bar.set_length(total);
        self.bar.set_position(done);
    }
}
