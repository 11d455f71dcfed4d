//! What `vocd token` asks for: a new token, the list, or to take one back.

use std::fmt;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value, json};

use super::Access;
use super::audit::Deed;
use super::keyring::KeyringError;
use super::role::{Grant, GrantError, Role};

/// What is asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenOrder {
    /// Make a token.
    New {
        /// What it allows.
        grant: Grant,
        /// How long it counts; `None` for ever.
        expires_in: Option<Duration>,
    },
    /// Show all.
    List,
    /// Take one back.
    Revoke {
        /// Its id.
        id: String,
    },
}

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It is not written as it should be.
    #[error("the order names no `{0}`")]
    Incomplete(&'static str),
    /// The role cannot be given like this.
    #[error(transparent)]
    Grant(#[from] GrantError),
    /// The tokens cannot be read or changed.
    #[error(transparent)]
    Keyring(#[from] KeyringError),
}

impl OrderError {
    /// Returns what to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Incomplete(_) => "`vocd token --help` shows what there is".to_owned(),
            Self::Grant(error) => error.hint(),
            Self::Keyring(error) => error.hint().to_owned(),
        }
    }
}

impl TokenOrder {
    /// Returns the order as name–value pairs of an address.
    #[must_use]
    pub fn to_pairs(&self) -> Vec<(String, String)> {
        let pair = |name: &str, value: &dyn fmt::Display| (name.to_owned(), value.to_string());
        match self {
            Self::New { grant, expires_in } => {
                let mut pairs = vec![pair("do", &"new")];
                for (name, value) in grant.to_json() {
                    pairs.push(pair(&name, &value.as_str().unwrap_or_default()));
                }
                pairs.extend(expires_in.map(|time| pair("expires_s", &time.as_secs())));
                pairs
            }
            Self::List => vec![pair("do", &"list")],
            Self::Revoke { id } => vec![pair("do", &"revoke"), pair("id", id)],
        }
    }

    /// Reads what [`TokenOrder::to_pairs`] wrote.
    ///
    /// # Errors
    /// When something is missing or the role cannot be given like this.
    pub fn from_pairs(pairs: &[(String, String)]) -> Result<Self, OrderError> {
        let find = |name: &str| {
            let found = pairs.iter().find(|(other, _)| other == name);
            found.map(|(_, value)| value.clone())
        };
        match find("do").as_deref() {
            Some("list") => Ok(Self::List),
            Some("revoke") => Ok(Self::Revoke {
                id: find("id").ok_or(OrderError::Incomplete("id"))?,
            }),
            Some("new") => {
                let name = find("role").ok_or(OrderError::Incomplete("role"))?;
                let role = Role::of(&name).ok_or(GrantError::Unknown { name })?;
                let expires_s = find("expires_s").map(|text| text.parse());
                Ok(Self::New {
                    grant: Grant::new(role, find("team"), find("agent"), find("wall"))?,
                    expires_in: match expires_s {
                        None => None,
                        Some(Ok(seconds)) => Some(Duration::from_secs(seconds)),
                        Some(Err(_)) => return Err(OrderError::Incomplete("expires_s")),
                    },
                })
            }
            _ => Err(OrderError::Incomplete("do")),
        }
    }

    /// Carries the order out and notes who changed something.
    ///
    /// # Errors
    /// As [`TokenOrder::carry_out`].
    pub fn carry_out_for(
        &self,
        access: &Access,
        who: Map<String, Value>,
        now: Timestamp,
    ) -> Result<Value, OrderError> {
        let done = self.carry_out(access, now);
        let action = match self {
            Self::New { .. } => "token_new",
            Self::Revoke { .. } => "token_revoke",
            Self::List => return done,
        };
        let on = match (&done, self) {
            (Ok(report), _) => report["token"]["id"].as_str().unwrap_or_default(),
            (Err(_), Self::Revoke { id }) => id,
            (Err(_), _) => "",
        };
        let failure = done.as_ref().err().map(ToString::to_string);
        access.audit().note_change(&Deed {
            who,
            action,
            on,
            outcome: failure.as_deref().unwrap_or("ok"),
        });
        done
    }

    /// Carries the order out.
    ///
    /// # Shapes
    /// `{"token":{…},"secret":"…"}`, `{"tokens":[{…,"last_used":…}]}` or `{"token":{…}}`.
    ///
    /// # Errors
    /// When the tokens cannot be read or changed.
    pub fn carry_out(&self, access: &Access, now: Timestamp) -> Result<Value, OrderError> {
        let keyring = access.keyring();
        match self {
            Self::New { grant, expires_in } => {
                let expires_at = expires_in.map(|time| end(now, time));
                let (token, secret) = keyring.issue(grant.clone(), expires_at, now)?;
                Ok(json!({ "token": token.to_json(), "secret": secret.reveal() }))
            }
            Self::List => {
                let tokens = keyring.list().into_iter().map(|(token, last_used)| {
                    let mut value = token.to_json();
                    value["last_used"] = last_used.map(|day| day.to_string()).into();
                    value["is_expired"] = token.is_expired(now).into();
                    value
                });
                Ok(json!({ "tokens": tokens.collect::<Vec<_>>() }))
            }
            Self::Revoke { id } => Ok(json!({ "token": keyring.revoke(id)?.to_json() })),
        }
    }
}

/// Returns the end of a time from now on; one beyond the calendar is its end.
fn end(now: Timestamp, time: Duration) -> Timestamp {
    let time = SignedDuration::try_from(time).unwrap_or(SignedDuration::MAX);
    now.checked_add(time).unwrap_or(Timestamp::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_is_the_same_on_both_ends_of_a_socket() {
        for order in [
            TokenOrder::List,
            TokenOrder::Revoke { id: "a".to_owned() },
            TokenOrder::New {
                grant: Grant::parse("lead:a&b=ü").unwrap(),
                expires_in: Some(Duration::from_secs(60)),
            },
            TokenOrder::New {
                grant: Grant::admin(),
                expires_in: None,
            },
        ] {
            let again = TokenOrder::from_pairs(&order.to_pairs()).unwrap();
            assert_eq!(again, order);
        }
        assert!(TokenOrder::from_pairs(&[]).is_err());
    }

    #[test]
    fn the_secret_is_shown_once() {
        let (access, now) = (Access::default(), Timestamp::UNIX_EPOCH);
        let order = TokenOrder::New {
            grant: Grant::viewer(),
            expires_in: Some(Duration::from_secs(60)),
        };
        let made = order.carry_out(&access, now).unwrap();
        let secret = made["secret"].as_str().unwrap();
        assert!(access.keyring().check(secret, now).is_ok());
        let listed = TokenOrder::List.carry_out(&access, now).unwrap();
        assert_eq!(listed["tokens"][0]["last_used"], "1970-01-01");
        assert!(!listed.to_string().contains(&secret[16..]), "{listed}");
        let later = now + SignedDuration::from_secs(60);
        assert!(access.keyring().check(secret, later).is_err());
    }
}
