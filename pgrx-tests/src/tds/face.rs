//! Which of the servers that speak TDS the double is: what each of them takes, and what it lacks.

/// A server of a kind and a version.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Face {
    /// SQL Server 2022.
    #[default]
    Current,
    /// Azure SQL, which is as new as any and has the version of a 2014.
    Azure,
    /// SQL Server 2012: `hashbytes` takes 8,000 bytes, and `convert` knows no style 3 of floats.
    Of2012,
    /// One that is not Microsoft's, with the same protocol and catalog: it describes no queries and does not tell the
    /// lowest active rowversion.
    WithoutFunctions,
}

impl Face {
    /// `serverproperty('ProductVersion')`.
    pub fn version(self) -> &'static str {
        match self {
            Face::Current => "16.0.4135.4",
            Face::Of2012 => "11.0.7001.0",
            Face::Azure | Face::WithoutFunctions => "12.0.2000.8",
        }
    }

    /// Whether there is a function, or a table function, of this name.
    pub fn has(self, function: &str) -> bool {
        let lacks = ["dm_exec_describe_first_result_set", "min_active_rowversion", "objectproperty"];
        self != Face::WithoutFunctions || !lacks.contains(&function)
    }

    /// How many bytes `hashbytes` takes.
    pub fn hashed_bytes(self) -> usize {
        if self == Face::Of2012 { 8000 } else { usize::MAX }
    }

    /// Whether `convert` to text keeps all digits of a float (style 3).
    pub fn writes_floats(self) -> bool {
        self != Face::Of2012
    }
}
