//! Passwords and tokens from the command line: for the first set-up, for unattended
//! installs, and for the day on which nobody gets in.
//!
//! What a script needs goes to standard output, and nothing else: the recovery code, the
//! token. Words for people go to standard error. It works beside the running program,
//! which sees the change within a second.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use cafesentinel_domain::access::Scope;
use cafesentinel_domain::time::Utc;
use cafesentinel_platform::{clock, dirs, machine};
use clap::{Args, Subcommand};
use serde_json::{Value, json};
use zeroize::Zeroizing;

use crate::access::Audit;
use crate::app;
use crate::store::{Ledger, Store};
use crate::vault::{Condition, Costs, RecoveryCode, Vault, VaultError, Which};

/// Where, and from what.
#[derive(Debug, Args)]
pub(super) struct Common {
    /// Folder of the installation [default: this system's]
    #[arg(long, value_name = "DIR")]
    data_dir: Option<PathBuf>,
    /// Take passwords from lines `name=value` of this file instead of asking: admin,
    /// privacy, new, recovery
    #[arg(long, value_name = "FILE")]
    passwords_from: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(super) enum TokenCommand {
    /// Make a token for a program; it is printed once
    Create {
        /// Whose it is: 1 to 64 characters
        name: String,
        /// `read` to look on, `admin` for everything
        #[arg(long, default_value = "read", value_parser = scope)]
        scope: Scope,
        #[command(flatten)]
        common: Common,
    },
    /// List all tokens, without their secrets
    List {
        #[command(flatten)]
        common: Common,
    },
    /// Make a token worthless
    Revoke {
        /// Its number in the list
        id: u32,
        #[command(flatten)]
        common: Common,
    },
}

#[derive(Debug, Clone, Copy, clap::ValueEnum)]
pub(super) enum Password {
    Admin,
    Privacy,
}

fn scope(text: &str) -> Result<Scope, String> {
    Scope::from_code(text).ok_or_else(|| "expected read or admin".to_owned())
}

/// An installation, opened for one command.
struct Desk {
    vault: Vault,
    audit: Audit,
    given: Option<Given>,
}

/// The lines of a file of passwords.
struct Given(Vec<(String, Zeroizing<String>)>);

impl Given {
    fn read(path: &Path) -> anyhow::Result<Given> {
        let text = std::fs::read_to_string(path)
            .map_err(|e| anyhow::anyhow!("{} cannot be read: {e}", path.display()))?;
        Given::parse(&Zeroizing::new(text))
    }

    fn parse(text: &str) -> anyhow::Result<Given> {
        let mut all = Vec::new();
        for (n, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
            if line.trim().is_empty() || line.starts_with('#') {
                continue;
            }
            let known = ["admin", "privacy", "new", "recovery"];
            let pair = line.split_once('=').map(|(name, value)| (name.trim(), value));
            let Some((name, value)) = pair.filter(|(name, _)| known.contains(name)) else {
                // The line itself may be a password: it is not shown.
                anyhow::bail!("line {}: expected admin=, privacy=, new= or recovery=", n + 1);
            };
            all.push((name.to_owned(), Zeroizing::new(value.to_owned())));
        }
        Ok(Given(all))
    }

    fn get(&self, name: &str) -> Option<Zeroizing<String>> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.clone())
    }
}

fn now() -> Utc {
    Utc(clock::utc_millis())
}

impl Desk {
    fn open(common: &Common) -> anyhow::Result<Desk> {
        let folder = dirs::data_dir(common.data_dir.as_deref());
        dirs::private_folder(&folder)
            .map_err(|e| anyhow::anyhow!("{} cannot be used: {e}", folder.display()))?;
        let history = folder.join(app::HISTORY);
        if !history.exists() {
            // The mark of the installation is to lie there from the beginning.
            drop(Store::open(&history, now())?);
        }
        let ledger = Ledger::of(&history);
        let identity = machine::identity();
        let vault = Vault::open(&folder, identity, Costs::USUAL, Some(ledger.clone()));
        let given = common.passwords_from.as_deref().map(Given::read).transpose()?;
        Ok(Desk { vault, audit: Audit::new(Some(ledger)), given })
    }

    /// A secret: from the file, else asked at the terminal without echo.
    fn secret(&self, name: &str, question: &str) -> anyhow::Result<Zeroizing<String>> {
        match &self.given {
            Some(given) => {
                given.get(name).ok_or_else(|| anyhow::anyhow!("the file has no line {name}="))
            }
            None => Ok(Zeroizing::new(rpassword::prompt_password(format!("{question}: "))?)),
        }
    }

    /// A new password, asked twice.
    fn chosen(&self, name: &str, question: &str) -> anyhow::Result<Zeroizing<String>> {
        let first = self.secret(name, question)?;
        if self.given.is_none() {
            let again = self.secret(name, "Again")?;
            anyhow::ensure!(*first == *again, "the two are not the same");
        }
        Ok(first)
    }

    fn admin(&self) -> anyhow::Result<Zeroizing<String>> {
        match self.vault.condition() {
            Condition::Fresh => Err(VaultError::NotSetUp.into()),
            Condition::Faulty(fault) => Err(fault.into()),
            Condition::Open => self.secret("admin", "Admin password"),
        }
    }

    /// The admin, or an error. Here no lock-out counts: who can run this can read the
    /// vault's file, and try as fast as its hash allows anyway.
    fn admin_only(&self) -> anyhow::Result<()> {
        let password = self.admin()?;
        let right = self.vault.verify(Which::Admin, &password)?;
        if right { Ok(()) } else { Err(VaultError::WrongPassword.into()) }
    }

    fn note(&self, action: &str, details: Value) {
        self.audit.note(now(), "command line", "this computer", action, details);
    }
}

/// For a script, and for a person that pipes nothing.
#[allow(clippy::print_stdout)] // the answer of a command
fn answer(line: &str) {
    println!("{line}");
    let _ = std::io::stdout().flush();
}

#[allow(clippy::print_stderr)] // words for people
fn tell(line: &str) {
    eprintln!("{line}");
}

fn hand_over(code: &RecoveryCode) {
    tell("Write this recovery code down and keep it away from this computer. It is shown only");
    tell("once, and is the only way back when passwords are lost or the computer is replaced:");
    answer(&code.reveal());
}

/// `setup`
pub(super) fn set_up(common: &Common) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(common)?;
    match desk.vault.condition() {
        Condition::Fresh => {}
        Condition::Open => return Err(VaultError::NotFresh.into()),
        Condition::Faulty(fault) => return Err(fault.into()),
    }
    let admin = desk.chosen("admin", "New admin password (yours)")?;
    let privacy = desk.chosen("privacy", "New privacy password (for the staff)")?;
    let code = desk.vault.set_up(&admin, &privacy)?;
    desk.note("set_up", json!({}));
    hand_over(&code);
    Ok(ExitCode::SUCCESS)
}

/// `passwd`
pub(super) fn change(password: Password, common: &Common) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(common)?;
    let admin = desk.admin()?;
    let (name, which) = match password {
        Password::Admin => ("admin", Which::Admin),
        Password::Privacy => ("privacy", Which::Privacy),
    };
    let new = desk.chosen("new", &format!("New {name} password"))?;
    desk.vault.change_password(which, &admin, &new)?;
    desk.note("password_changed", json!({ "which": name }));
    tell(&format!("The {name} password is changed."));
    Ok(ExitCode::SUCCESS)
}

/// `recover`
pub(super) fn recover(common: &Common) -> anyhow::Result<ExitCode> {
    let desk = Desk::open(common)?;
    if desk.vault.condition() == Condition::Fresh {
        return Err(VaultError::NotSetUp.into());
    }
    let code = RecoveryCode::parse(&desk.secret("recovery", "Recovery code")?)?;
    let admin = desk.chosen("admin", "New admin password (yours)")?;
    let privacy = desk.chosen("privacy", "New privacy password (for the staff)")?;
    let code = desk.vault.recover(&code, &admin, &privacy)?;
    desk.note("recovered", json!({}));
    hand_over(&code);
    Ok(ExitCode::SUCCESS)
}

/// `token`
pub(super) fn token(command: &TokenCommand) -> anyhow::Result<ExitCode> {
    match command {
        TokenCommand::Create { name, scope, common } => {
            let desk = Desk::open(common)?;
            desk.admin_only()?;
            let (about, secret) = desk.vault.create_token(name, *scope, now())?;
            let details = json!({ "id": about.id, "name": about.name, "scope": about.scope });
            desk.note("token_created", details);
            tell(&format!("Token {} ({}), shown only once:", about.id, scope.code()));
            answer(&secret);
        }
        TokenCommand::List { common } => {
            let desk = Desk::open(common)?;
            desk.admin_only()?;
            for token in desk.vault.tokens() {
                let created = jiff::Timestamp::from_millisecond(token.created.0);
                let created = created.map(|at| format!("{at:.0}")).unwrap_or_default();
                answer(&format!("{}\t{}\t{created}\t{}", token.id, token.scope.code(), token.name));
            }
        }
        TokenCommand::Revoke { id, common } => {
            let desk = Desk::open(common)?;
            desk.admin_only()?;
            let about = desk.vault.revoke_token(*id)?;
            desk.note("token_revoked", json!({ "id": about.id, "name": about.name }));
            tell(&format!("Token {} ({}) is worthless now.", about.id, about.name));
        }
    }
    Ok(ExitCode::SUCCESS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_of_passwords_is_read_as_it_stands_and_never_quoted() {
        let given = "\u{feff}# mine\r\nadmin=with = and spaces \r\n\r\nprivacy=x\n";
        let given = Given::parse(given).unwrap();
        assert_eq!(*given.get("admin").unwrap(), "with = and spaces ");
        assert_eq!(*given.get("privacy").unwrap(), "x");
        assert!(given.get("new").is_none());
        for bad in ["hunter2secret", "password=hunter2secret", "=hunter2secret"] {
            let error = Given::parse(bad).err().unwrap().to_string();
            assert!(error.contains("line 1") && !error.contains("hunter2"), "{error}");
        }
    }
}
