//! What the system's errors mean to a plan.

use std::io::{Error, ErrorKind};
use std::path::Path;

use fluence::ports::StoreError;

/// An error of reading or writing a file, as a plan understands it.
pub(super) fn store_error(path: &Path, error: &Error) -> StoreError {
    let name = path.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            StoreError::Full
        }
        ErrorKind::NotFound => StoreError::Gone(format!("{name} is not there any more")),
        ErrorKind::UnexpectedEof => StoreError::Gone(format!("{name} is shorter than it was")),
        _ => StoreError::Failed(format!("{name}: {error}")),
    }
}

/// Runs work that blocks on tokio's pool for it.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(StoreError::Failed("the program is stopping".to_owned())),
    }
}
