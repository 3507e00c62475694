//! How much memory what was read takes, near enough.

use super::{Key, Page, Rejected, Scalar, Values};

impl Page {
    /// Bytes of memory that it takes, near enough.
    pub fn held(&self) -> usize {
        let keys = self.rows.keys.iter().map(Key::held).sum::<usize>();
        let columns = self.rows.columns.iter().map(Values::held).sum::<usize>();
        let raw = self.rows.raw.iter().flatten().map(|raw| size_of::<String>() + raw.len()).sum::<usize>();
        let rejected =
            self.rejected.iter().map(|one| size_of::<Rejected>() + one.record.len()).sum::<usize>();
        let odd = size_of_val(self.odd.as_slice()) + self.odd.iter().map(|odd| odd.key.held()).sum::<usize>();
        keys + columns + raw + rejected + odd + texts_held(&self.rows.updated_at)
    }
}

impl Key {
    fn held(&self) -> usize {
        let part = |part: &Scalar| match part {
            Scalar::Int(_) => 0,
            Scalar::Text(text) => text.len(),
        };
        size_of::<Key>() + size_of_val(self.0.as_slice()) + self.0.iter().map(part).sum::<usize>()
    }
}

impl Values {
    fn held(&self) -> usize {
        match self {
            Values::Int(values) => size_of_val(values.as_slice()),
            Values::Bool(values) => size_of_val(values.as_slice()),
            Values::Text(values) => texts_held(values),
        }
    }
}

fn texts_held(texts: &[Option<String>]) -> usize {
    size_of_val(texts) + texts.iter().flatten().map(String::len).sum::<usize>()
}
