//! Tells private fields by the words of their names: a draft leaves them out.

/// What is private wherever it stands as a whole word: credentials, national ids, birth, health, family, pay. No word
/// that is harmless as often, such as `visa`, `disabled` or `private` by itself.
const WORDS: [&str; 39] = [
    "apikey",
    "birth",
    "birthdate",
    "birthday",
    "blood",
    "credential",
    "credentials",
    "dateofbirth",
    "disability",
    "dob",
    "ethnicity",
    "gender",
    "health",
    "iban",
    "illness",
    "maiden",
    "marital",
    "medical",
    "nationality",
    "otp",
    "passphrase",
    "passport",
    "passwd",
    "password",
    "pesel",
    "pin",
    "pwd",
    "religion",
    "salary",
    "secret",
    "sex",
    "sickness",
    "sinid",
    "spouse",
    "ssn",
    "ssnid",
    "token",
    "totp",
    "wage",
];

/// What is private only as words that follow each other.
const PHRASES: [&[&str]; 23] = [
    &["access", "key"],
    &["address", "home"],
    &["api", "key"],
    &["bank", "account"],
    &["emergency", "contact"],
    &["emergency", "phone"],
    &["home", "address"],
    &["identification", "id"],
    &["national", "id"],
    &["permit", "no"],
    &["private", "address"],
    &["private", "car"],
    &["private", "city"],
    &["private", "country"],
    &["private", "email"],
    &["private", "key"],
    &["private", "phone"],
    &["private", "state"],
    &["private", "street"],
    &["private", "zip"],
    &["visa", "expire"],
    &["visa", "no"],
    &["work", "permit"],
];

/// Whether a field holds what should not be collected without a thought.
pub fn is_private(field: &str) -> bool {
    let words = words(field);
    let is_there = |phrase: &&[&str]| words.windows(phrase.len()).any(|part| part == *phrase);
    words.iter().any(|word| WORDS.contains(&word.as_str())) || PHRASES.iter().any(is_there)
}

/// The words of `private_street2`, `BirthDate`, `SSNNumber`, `SSN No` in small letters; digits are a word of their own.
pub fn words(name: &str) -> Vec<String> {
    let letters: Vec<char> = name.chars().collect();
    let (mut words, mut word) = (Vec::new(), String::new());
    for (at, c) in letters.iter().enumerate() {
        let before = at.checked_sub(1).and_then(|at| letters.get(at)).copied().unwrap_or(' ');
        let is_followed_by_small = letters.get(at + 1).is_some_and(|next| next.is_lowercase());
        let begins = !c.is_alphanumeric()
            || c.is_numeric() != before.is_numeric()
            || c.is_uppercase() && (before.is_lowercase() || before.is_uppercase() && is_followed_by_small);
        if begins && !word.is_empty() {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
    }
    words.extend((!word.is_empty()).then_some(word));
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_private_is_known_by_whole_words() {
        let private = "pin ssnid passport_id birthday private_street private_street2 password password2 BirthDate \
                       SSNNumber userPIN x_api_key identification_id place_of_birth address_home_id totp_secret \
                       visa_no WorkPermitNo PasswordHash EMERGENCY_CONTACT bank_account_id";
        for private in private.split_whitespace().chain(["SSN No", "Date of Birth"]) {
            assert!(is_private(private), "{private}");
        }
        let open = "shipping name opinion tokenized sinus sin_iva bank_id account_id address_id visa_total \
                    identification homepage child_ids spinning_pins tax_id tax_number key is_private disabled race_id \
                    emergency permit_count PinkLabel Shipping ShippingPinned international_id street2 \u{440}\u{43e}\u{434}";
        for open in open.split_whitespace() {
            assert!(!is_private(open), "{open}");
        }
    }
}
