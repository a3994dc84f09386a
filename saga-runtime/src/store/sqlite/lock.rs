//! One process per database file: an operating-system lock on a file beside it.

use std::{
    fs::{File, TryLockError},
    path::{Path, PathBuf},
};

use crate::{Error, ErrorKind};

/// The lock on `<database>.lock`. It ends with this value, or with the process, however that ends.
#[derive(Debug)]
pub(super) struct FileLock {
    file: File,
}

impl Drop for FileLock {
    /// Said aloud: a child process that is being started holds a copy of the file for a moment, and the lock with it.
    fn drop(&mut self) {
        let _ = self.file.unlock();
    }
}

impl FileLock {
    /// Takes the lock, or says who is in the way.
    pub(super) fn take(database: &Path) -> Result<Self, Error> {
        // By whatever link it is reached, one file has one lock.
        let path = lock_path(&database.canonicalize().unwrap_or_else(|_| database.to_owned()));
        let file = File::options()
            .create(true)
            .truncate(false)
            .write(true)
            .open(&path)
            .map_err(|error| cannot_create(&path, &error))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => Err(taken(database, &path)),
            Err(TryLockError::Error(error)) => Err(cannot_create(&path, &error)),
        }
    }
}

fn lock_path(database: &Path) -> PathBuf {
    let mut path = database.as_os_str().to_owned();
    path.push(".lock");
    path.into()
}

fn taken(database: &Path, lock: &Path) -> Error {
    let (database, lock) = (database.display(), lock.display());
    Error::new(
        ErrorKind::Locked,
        format!(
            "SQLite database {database}: another process serves it (it holds {lock}). \
             End that process, or give this one a database file of its own"
        ),
    )
}

fn cannot_create(path: &Path, error: &std::io::Error) -> Error {
    let path = path.display();
    Error::new(
        ErrorKind::Setup,
        format!(
            "lock file {path}: {error}. Check that its directory exists and that this user may write there"
        ),
    )
}
