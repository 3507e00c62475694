//! Looks the server option `language` up: up to 17 Odoo takes any word for a language and answers in English.

use serde_json::{Value, json};

use super::Odoo;
use super::refusal::not_active;
use crate::error::{Kind, Result};

/// So many languages are listed, of codes so long; Odoo knows about a hundred, such as `sr@latin`.
const LISTED: usize = 100;
const LONGEST: usize = 20;

impl Odoo {
    /// Fails where the server option names a language that is not active. Looked up once.
    pub(super) async fn check_language(&mut self) -> Result<()> {
        let Some(wanted) = self.rpc.settings().language.clone().filter(|_| !self.language_is_known) else {
            return Ok(());
        };
        let active = self.active_languages().await?;
        if active.is_empty() || active.contains(&wanted) {
            self.language_is_known = true;
            return Ok(());
        }
        Err(not_active(self.rpc.settings(), &wanted, &active))
    }

    /// The codes of the languages that are active; none where this user or version does not tell them.
    async fn active_languages(&mut self) -> Result<Vec<String>> {
        // For everybody since Odoo 10, and without the context, which 18 refuses with a wrong language.
        let reply = match self.execute("res.lang", "get_installed", vec![], json!({})).await {
            Err(error) if matches!(error.kind, Kind::Remote | Kind::NoObject | Kind::Forbidden) => {
                return Ok(Vec::new());
            }
            reply => reply?,
        };
        let code = |language: &Value| language.get(0)?.as_str().map(str::to_string);
        let codes = reply.value.as_array().into_iter().flatten().filter_map(code);
        Ok(codes.filter(|code| code.len() <= LONGEST).take(LISTED).collect())
    }
}
