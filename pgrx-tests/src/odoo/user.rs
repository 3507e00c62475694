//! Who may log in, and what each may read.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::company::Model;
use super::face::Face;
use super::fault::RpcFault;
use super::field::Field;

/// The API key of `admin`, the recorded one.
pub const ADMIN_KEY: &str = "0123456789abcdef0123456789abcdef01234567";
/// The API key of `buyer`.
pub const BUYER_KEY: &str = "b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0";
/// The API key of `plain`.
pub const PLAIN_KEY: &str = "c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0c0";

/// A login with its rights.
pub(super) struct User {
    pub(super) uid: i64,
    /// The version that words what it may not.
    face: Face,
    pub(super) login: &'static str,
    pub(super) name: &'static str,
    pub(super) password: String,
    pub(super) api_key: Option<String>,
    /// Sees the fields that are kept for certain groups.
    all_groups: bool,
    pub(super) denied: BTreeSet<String>,
    pub(super) forbidden: BTreeSet<(String, String)>,
    /// Record rules: of this model only the rows of this domain.
    rules: Vec<(&'static str, Value)>,
}

/// The users of the recording: the administrator, an employee without rights, and a purchaser.
pub(super) fn recorded(face: Face) -> Vec<User> {
    let user = |uid, login: &'static str, name| User {
        uid,
        face,
        login,
        name,
        password: login.to_owned(),
        api_key: None,
        all_groups: false,
        denied: BTreeSet::new(),
        forbidden: BTreeSet::new(),
        rules: Vec::new(),
    };
    let key = |key: &str| Some(key.to_owned());
    let (plain, buyer) = if face.is_19() { (7, 8) } else { (8, 9) };
    let documents =
        ["account.move", "account.move.line", "account.payment", "account.journal", "account.account"]
            .map(str::to_owned);
    let bills = |field| json!([[field, "in", ["in_invoice", "in_refund"]]]);
    vec![
        User { api_key: key(ADMIN_KEY), all_groups: true, ..user(2, "admin", "Mitchell Admin") },
        User { denied: documents.into(), api_key: key(PLAIN_KEY), ..user(plain, "plain", "Plain User") },
        User {
            rules: vec![
                ("account.move", bills("move_type")),
                ("account.move.line", bills("move_id.move_type")),
            ],
            api_key: key(BUYER_KEY),
            ..user(buyer, "buyer", "Buyer")
        },
    ]
}

impl User {
    pub(super) fn opens_with(&self, secret: &str) -> bool {
        self.password == secret || self.api_key.as_deref() == Some(secret)
    }

    /// Whether a field of the model is shown to this user at all.
    pub(super) fn sees(&self, model: &Model, name: &str, field: &Field) -> bool {
        let in_group =
            self.all_groups || field.groups.as_deref().is_none_or(|groups| groups == "base.group_user");
        in_group && !self.forbidden.contains(&(model.name.to_owned(), name.to_owned()))
    }

    pub(super) fn rules<'a>(&'a self, model: &'a str) -> impl Iterator<Item = &'a Value> {
        self.rules.iter().filter(move |(of, _)| *of == model).map(|(_, domain)| domain)
    }

    pub(super) fn may(&self, operation: &str, model: &str) -> bool {
        match operation {
            "read" => !self.denied.contains(model),
            _ => self.all_groups && !self.denied.contains(model),
        }
    }

    /// Fails as Odoo does when the user has no right on the model.
    pub(super) fn check(&self, operation: &str, model: &Model) -> Result<(), RpcFault> {
        if self.may(operation, model.name) { Ok(()) } else { Err(no_right(self.face, operation, model)) }
    }

    pub(super) fn check_field(&self, model: &Model, name: &str, field: &Field) -> Result<(), RpcFault> {
        if self.sees(model, name, field) {
            return Ok(());
        }
        let groups = field.groups.as_deref().map_or("Administration / Settings", shown);
        let (label, of) = (model.label, model.name);
        let refusal = match self.face.is_strict() {
            false => format!(
                "The requested operation can not be completed due to security restrictions.\n\n\
                 Document type: {label} ({of})\n"
            ),
            true => format!(
                "You do not have enough rights to access the fields \"{name}\" on {label} ({of}). \
                 Please contact your system administrator.\n\n"
            ),
        };
        Err(RpcFault::access_error(format!(
            "{refusal}Operation: read\nUser: {}\nFields:\n- {name} (allowed for groups '{groups}')",
            self.uid
        )))
    }

    /// What reading a row by id says when a record rule hides it.
    pub(super) fn hidden_row(&self, model: &Model) -> RpcFault {
        RpcFault::access_error(format!(
            "Uh-oh! Looks like you have stumbled upon some top-secret records.\n\n\
             Sorry, {} (id={}) doesn't have 'read' access to:\n- {} ({})\n\n\
             If you really, really need access, perhaps you can win over your friendly administrator \
             with a batch of freshly baked cookies.",
            self.name, self.uid, model.label, model.name
        ))
    }
}

/// How Odoo shows a group's identifier, where a recording tells.
fn shown(group: &str) -> &str {
    match group {
        "hr.group_hr_user" => "Employees / Officer: Manage all employees",
        other => other,
    }
}

/// The groups the recordings name for journal entries; other models get the same list.
fn readers(face: Face) -> [&'static str; 7] {
    let [one, other] = match face.is_strict() {
        false => ["Invoicing/Billing", "Invoicing/Billing Administrator"],
        true => ["Invoicing/Administrator", "Invoicing/Invoicing"],
    };
    [
        one,
        other,
        "Point of Sale/User",
        "Purchase/User",
        "Sales/User: Own Documents Only",
        "Technical/Show Accounting Features - Readonly",
        "User types/Portal",
    ]
}

fn no_right(face: Face, operation: &str, model: &Model) -> RpcFault {
    let verb = match operation {
        "read" => "access",
        "write" => "modify",
        "unlink" => "delete",
        other => other,
    };
    let groups: String = readers(face).iter().map(|group| format!("\t- {group}\n")).collect();
    RpcFault::access_error(format!(
        "You are not allowed to {verb} '{}' ({}) records.\n\nThis operation is allowed for the following groups:\n\
         {groups}\nContact your administrator to request access if necessary.",
        model.label, model.name
    ))
}
