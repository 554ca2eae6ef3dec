//! What a test has logged.

use std::io;
use std::sync::{Arc, LazyLock, Mutex};

use tracing::Dispatch;
use tracing::subscriber::DefaultGuard;

/// Another subscriber, which hears nothing. While there is only one, tracing asks the thread that logs something first whether
/// it is wanted anywhere, and a test on a thread without a subscriber would silence it for all.
static OTHER: LazyLock<Dispatch> = LazyLock::new(|| Dispatch::new(tracing_subscriber::registry()));

/// The lines that this thread logs.
#[derive(Clone)]
pub(crate) struct Log(Arc<Mutex<Vec<u8>>>);

impl Log {
    /// How many lines contain a text.
    pub fn lines(&self, text: &str) -> usize {
        let log = self.0.lock().unwrap();
        let log = String::from_utf8_lossy(&log);
        log.lines().filter(|line| line.contains(text)).count()
    }
}

impl io::Write for Log {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Captures what this thread logs, until the guard is dropped.
pub(crate) fn captured() -> (Log, DefaultGuard) {
    LazyLock::force(&OTHER);
    let log = Log(Arc::default());
    let written = log.clone();
    let subscriber = tracing_subscriber::fmt().with_writer(move || written.clone());
    let guard = tracing::subscriber::set_default(subscriber.with_ansi(false).finish());
    (log, guard)
}
