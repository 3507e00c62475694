//! What every source asks of the options it was given.

use super::{Remote, hint};
use crate::error::{Error, Kind, Result};

impl Remote {
    /// An option that has no default.
    pub(super) fn required(&self, option: &str, example: &str) -> Result<&str> {
        self.options.get(option).map(String::as_str).ok_or_else(|| {
            Error::new(Kind::Config, format!("server \"{}\" has no option \"{option}\"", self.server))
                .hint(hint::server(&self.server, false, option, example))
        })
    }

    /// What the user mapping holds, or which line makes it.
    pub(super) fn credential<T>(&self, option: &str, value: Option<T>) -> Result<T> {
        value.ok_or_else(|| {
            let nothing = self.username.is_none() && self.password.is_none();
            let message = match nothing {
                true => format!("there is no user mapping for server \"{}\"", self.server),
                false => format!("the user mapping for server \"{}\" has no {option}", self.server),
            };
            Error::new(Kind::Config, message).hint(match nothing {
                true => hint::new_mapping(&self.server),
                false => hint::mapping(&self.server, false, option),
            })
        })
    }

    /// The validator lets no such value in; it may have been disabled in a restore.
    pub(super) fn wrong(&self, option: &str, example: &str) -> Error {
        Error::new(
            Kind::Config,
            format!("option \"{option}\" of server \"{}\" has no usable value", self.server),
        )
        .hint(hint::server(&self.server, true, option, example))
    }
}
