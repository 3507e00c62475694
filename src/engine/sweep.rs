//! What a page of a full pass says about keys that are not on it.

use super::Sweep;
use crate::source::{Key, Page};

/// The range between the page before (`after`) and this page's last key, which was read
/// completely; the last page's range has no end. `None` when a rejected record has no key:
/// it could be any of those that seem to be missing.
pub(super) fn of(after: Option<Key>, page: &Page) -> Option<Sweep> {
    let rejected: Option<Vec<Key>> = page.rejected.iter().map(|rejected| rejected.key.clone()).collect();
    let mut seen = page.rows.keys.clone();
    seen.extend(rejected?);
    let through = page.last.clone().filter(|_| page.more);
    Some(Sweep { after, through, seen })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::{Rejected, Rows};

    fn rejected(key: Option<Key>) -> Rejected {
        Rejected { key, record: "{}".into(), rule: "type".into(), reason: "no number".into() }
    }

    fn page(more: bool) -> Page {
        let rows = Rows { keys: vec![3.into(), 7.into()], ..Rows::default() };
        Page { rows, last: Some(9.into()), more, rejected: vec![rejected(Some(9.into()))], ..Page::default() }
    }

    #[test]
    fn it_reaches_from_the_page_before_through_the_last_key_sent_storable_or_not() {
        let sweep = of(Some(2.into()), &page(true));
        let seen = vec![3.into(), 7.into(), 9.into()];
        assert_eq!(sweep, Some(Sweep { after: Some(2.into()), through: Some(9.into()), seen }));
    }

    #[test]
    fn the_last_page_covers_all_that_follows() {
        assert_eq!(of(None, &page(false)).map(|sweep| sweep.through), Some(None));
    }

    #[test]
    fn a_record_without_a_key_spoils_it() {
        let mut page = page(true);
        page.rejected.push(rejected(None));
        assert_eq!(of(None, &page), None);
    }
}
