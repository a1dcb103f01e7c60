//! [`Validators`]: where the set of validators comes from.

use crate::identity::open_file;
use crate::set::{FILE_BYTES_MAX, Set, SetFileError};
use pars_host::{HostError, SubnetValidators, Validator};
use std::fmt;
use std::future::Future;
use std::io::{self, Read};
use std::path::PathBuf;
use std::pin::Pin;

/// Says who validates. It is asked again and again; while it fails, those known before go on validating.
pub trait Validators: fmt::Debug + Send + Sync {
    /// Who validates now.
    fn current(&self) -> Reading<'_>;
}

/// A look at the validators that is under way.
pub type Reading<'a> = Pin<Box<dyn Future<Output = Result<Vec<Validator>, ValidatorsError>> + Send + 'a>>;

/// Why nobody says who validates.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ValidatorsError {
    /// The host's service failed.
    #[error(transparent)]
    Host(#[from] HostError),
    /// The file cannot be read.
    #[error("{}: {cause}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
    /// The file is no set.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        cause: SetFileError,
    },
}

/// A file of the operator, which is read each time, so that it may be changed while the node runs.
#[derive(Debug, Clone)]
pub struct OfFile {
    /// The file.
    pub path: PathBuf,
}

/// The host's.
impl Validators for SubnetValidators {
    fn current(&self) -> Reading<'_> {
        Box::pin(async { Ok(Self::current(self).await?) })
    }
}

impl Validators for OfFile {
    fn current(&self) -> Reading<'_> {
        Box::pin(async {
            let file = self.clone();
            let read = tokio::task::spawn_blocking(move || file.read()).await;
            read.map_err(|cause| ValidatorsError::Io { path: self.path.clone(), cause: io::Error::other(cause) })?
        })
    }
}

impl OfFile {
    /// Reads the file.
    ///
    /// # Errors
    /// When it cannot be read, or is no set.
    pub fn read(&self) -> Result<Vec<Validator>, ValidatorsError> {
        let io = |cause| ValidatorsError::Io { path: self.path.clone(), cause };
        let mut bytes = Vec::new();
        // One byte more, so that a longer file is seen to be one.
        let most = u64::try_from(FILE_BYTES_MAX).unwrap_or(u64::MAX).saturating_add(1);
        open_file(&self.path).map_err(io)?.take(most).read_to_end(&mut bytes).map_err(io)?;
        let set = Set::parse(&bytes).map_err(|cause| ValidatorsError::File { path: self.path.clone(), cause })?;
        Ok(set.validators())
    }
}
