//! The port of an operation in this process: files, standard input, and standard output.

use std::io::{self, Read, Write};

use indicatif::ProgressBar;

use super::Port;

/// A port that reads from an input, writes to an output, and shows a progress bar.
pub struct Local {
    input: Box<dyn Read + Send>,
    output: Box<dyn Write + Send>,
    bar: ProgressBar,
}

impl Local {
    /// A port with this input, this output, and this bar.
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
