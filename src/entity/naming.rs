//! Names here for what a remote calls otherwise: its own ones as far as PostgreSQL takes them without quotes.

use super::quote::{NAME_MAX, fnv1a};

/// What a name becomes that holds no letter and no digit.
const NAMELESS: &str = "field";

/// A remote name as one that needs no quotes here: `crm.lead` as `crm_lead`, `[my shop].[Preis in €]` as
/// `my_shop_preis_in`, `Цена` as `цена`. One that is too long is cut between two letters and ends in a hash of the
/// whole, so that what begins alike stays apart.
pub fn local(remote: &str) -> String {
    let mut name = String::new();
    for c in remote.chars() {
        match is_kept(c) {
            true => name.extend(c.to_lowercase().filter(|c| is_kept(*c))),
            false if name.is_empty() || name.ends_with('_') => (),
            false => name.push('_'),
        }
    }
    if remote.ends_with(|c| !is_kept(c)) {
        name.truncate(name.trim_end_matches('_').len());
    }
    if !name.contains(|c: char| c.is_alphanumeric()) {
        name.insert_str(0, NAMELESS);
    }
    if !may_begin(&name) {
        name.insert(0, '_');
    }
    match name.len() <= NAME_MAX {
        true => name,
        false => marked(&name, remote),
    }
}

/// The name with a hash of the remote one behind it.
pub fn marked(name: &str, remote: &str) -> String {
    with_tail(name, &format!("_{:08x}", fnv1a(remote)))
}

/// The name, or the first one like it that is free: `id`, `id_2`, `id_3`.
pub fn free(name: String, is_taken: impl Fn(&str) -> bool) -> String {
    let numbered = |number: usize| with_tail(&name, &format!("_{number}"));
    match is_taken(&name) {
        false => name,
        // There are not as many names as numbers.
        true => (2..).map(numbered).find(|name| !is_taken(name)).unwrap_or_default(),
    }
}

/// The name with something behind it, cut in front of it where both together are too long.
fn with_tail(name: &str, tail: &str) -> String {
    let room = NAME_MAX.saturating_sub(tail.len());
    let end = (0..=room.min(name.len())).rev().find(|at| name.is_char_boundary(*at)).unwrap_or(0);
    format!("{}{tail}", name.get(..end).unwrap_or_default().trim_end_matches('_'))
}

/// Whether PostgreSQL reads a text as this very name, without quotes around it.
pub(super) fn is_name(text: &str) -> bool {
    let is_part = |c: char| is_kept(c) && !c.is_ascii_uppercase();
    may_begin(text) && text.chars().all(is_part) && text.len() <= NAME_MAX
}

fn may_begin(name: &str) -> bool {
    name.starts_with(|c: char| !c.is_ascii_digit() && is_kept(c))
}

/// Letters and digits of every script, with the marks that scripts write above, below and behind them.
fn is_kept(c: char) -> bool {
    let is_mark = || matches!(c, '\u{300}'..='\u{36f}' | '\u{483}'..='\u{487}' | '\u{591}'..='\u{1fff}');
    // Two that turn the direction of writing or cannot be seen.
    let is_hidden = || c.is_whitespace() || matches!(c, '\u{61c}' | '\u{180e}');
    c == '_' || c.is_alphanumeric() || is_mark() && !is_hidden()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_name_stays_itself_in_every_script() {
        for (remote, name) in [
            ("crm.lead", "crm_lead"),
            ("dbo.[Acme Ltd_$Item$ext]", "dbo_acme_ltd_item_ext"),
            ("[my shop].[Preis in €]", "my_shop_preis_in"),
            ("Цена", "цена"),
            ("dbo.[ÄÖÜ]", "dbo_äöü"),
            ("数量", "数量"),
            ("मूल्य", "मूल्य"),
            ("_x__y", "_x__y"),
            ("2nd", "_2nd"),
            ("%", "field"),
            ("", "field"),
        ] {
            assert_eq!(local(remote), name);
        }
        assert_ne!(local("dbo.[ÄÖÜ]"), local("dbo.[ÉÈÊ]"));
    }

    #[test]
    fn long_names_that_begin_alike_stay_apart() {
        let item = "dbo.[Acme Retail Limited_$Item$437dbf0e-84ff-417a-965d-ed2bb9650972]";
        let extension = "dbo.[Acme Retail Limited_$Item$437dbf0e-84ff-417a-965d-ed2bb9650972$ext]";
        assert_ne!(local(item), local(extension));
        assert!(local(item).starts_with("dbo_acme_retail_limited_item_437dbf0e"), "{}", local(item));
        let cut = local(&"ц".repeat(40));
        assert!(cut.len() <= 63 && cut.starts_with(&"ц".repeat(27)), "{cut}");
    }

    #[test]
    fn what_is_taken_gets_a_number() {
        let taken = ["id", "id_2"];
        assert_eq!(free("id".into(), |name| taken.contains(&name)), "id_3");
        assert_eq!(free("name".into(), |name| taken.contains(&name)), "name");
        let long = "é".repeat(31);
        assert_eq!(free(long.clone(), |name| name == long), format!("{}_2", "é".repeat(30)));
    }

    proptest! {
        #[test]
        fn every_remote_name_becomes_a_name(remote in ".{0,100}") {
            prop_assert!(is_name(&local(&remote)), "{:?} of {:?}", local(&remote), remote);
            prop_assert!(is_name(&marked(&local(&remote), &remote)));
            prop_assert_eq!(local(&remote), local(&remote));
        }
    }
}
