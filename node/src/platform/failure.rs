//! Translates the system's errors into the errors that plans understand.

use std::io::{Error, ErrorKind};
use std::path::Path;

use fluence::ports::StoreError;

/// Translates an error from reading or writing the file at `path`.
pub(super) fn store_error(path: &Path, error: &Error) -> StoreError {
    let name = path.display();
    match error.kind() {
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded | ErrorKind::FileTooLarge => {
            StoreError::Full
        }
        ErrorKind::NotFound => StoreError::Gone(format!("{name} no longer exists")),
        ErrorKind::UnexpectedEof => StoreError::Gone(format!("{name} is shorter than it was")),
        _ => StoreError::Failed(format!("{name}: {error}")),
    }
}

/// Runs blocking work on tokio's pool of blocking threads. A panic of the work is passed on.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StoreError> + Send + 'static,
) -> Result<T, StoreError> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
        Err(_) => Err(StoreError::Failed("the program is stopping".to_owned())),
    }
}
