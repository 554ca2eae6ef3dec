//! What a node holds for others, and what it has refused.

/// What a node holds now, and what it has answered and refused since it was started.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Load {
    /// Connections, those to other nodes among them.
    pub connections: usize,
    /// Listeners that have ended, so that nobody gets in at their addresses any more.
    pub ended_listeners: usize,
    /// Peers that are connected.
    pub peers: usize,
    /// Other nodes of its network that are connected.
    pub nodes: usize,
    /// Reservations, each of which makes a peer reachable.
    pub reservations: usize,
    /// Circuits.
    pub circuits: usize,
    /// Provider records.
    pub records: usize,
    /// Functions to which the records belong.
    pub functions: usize,
    /// The calls that wait for the node's own answer.
    pub waiting_calls: usize,
    /// The calls that are being passed on.
    pub routed_calls: usize,
    /// The calls that were answered.
    pub calls: Answered,
    /// The calls that were passed on to their providers.
    pub routed: Routed,
    /// What was refused.
    pub refused: Refused,
}

/// How many calls were answered in each way. The outcomes are the codes of `docs/protocol.md`.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Answered {
    /// With a result.
    pub ok: u64,
    /// They were not understood.
    pub bad_request: u64,
    /// The node does not provide the function.
    pub no_such_function: u64,
    /// What was asked for was refused.
    pub refused: u64,
    /// Too many came.
    pub busy: u64,
    /// Something that is needed for the answer was not there.
    pub unavailable: u64,
    /// Something failed.
    pub internal: u64,
}

/// What became of the routed calls that a node was asked to pass on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Routed {
    /// Passed on, and an answer passed back.
    pub ok: u64,
    /// Neither the provider nor a node that has it is connected, or it does not know routed calls.
    pub nobody: u64,
    /// Too many came.
    pub busy: u64,
    /// Passed on, and no answer came.
    pub failed: u64,
}

/// How often something was refused, because there was no more of it or not for this peer or its address.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Refused {
    /// Connections beyond the limits.
    pub connections: u64,
    /// Connections of peers that the operator does not admit.
    pub peers: u64,
    /// Reservations.
    pub reservations: u64,
    /// Circuits.
    pub circuits: u64,
}
