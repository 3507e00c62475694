//! A number that stands for a text.

/// 64 bits by FNV-1a (<http://www.isthe.com/chongo/tech/comp/fnv/>): the same in every process and version.
pub(super) fn of(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3)
    })
}
