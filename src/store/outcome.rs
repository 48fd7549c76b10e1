//! What came of a write?

/// What came of a conditional write by the holder of a lease.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Written {
    /// It was written.
    Done,
    /// Another invocation works on the commitment, or has written what this one had read.
    LeaseLost,
    /// A request has registered something else meanwhile: the next round works on that.
    DeclaredChanged,
    /// The deployment's total has no room: this many model units are held or being bought.
    NoRoom(u64),
    /// Nothing may be bought or registered, and why.
    Closed(String),
}
