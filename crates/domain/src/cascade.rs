//! What explains what: whose fault an outage is, decided when it becomes an incident.

use crate::event::Cause;

/// What is known at the moment of decision.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Facts {
    /// The router is confirmed down.
    pub router_down: bool,
    /// The router does not answer (down, or silent although never seen).
    pub router_silent: bool,
    /// The router has been silent once and is being asked again.
    pub router_suspect: bool,
    /// Nothing on the internet answers.
    pub internet_silent: bool,
    /// Server and seats that answered within the last ten minutes before the fall.
    pub witnesses: u32,
    /// How many of them still answer.
    pub witnesses_answering: u32,
    /// Seats that answer now.
    pub seats_answering: u32,
    /// The interface towards the router has lost its carrier.
    pub no_carrier: bool,
    /// The system refuses every probe of every target: no route at all.
    pub all_refused: bool,
    /// A `LAN_DOWN` is running already.
    pub lan_down: bool,
}

/// Whom to blame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Open an incident of this cause. `uncertain`: too few witnesses to tell the router
    /// from this PC's own cable.
    Open {
        /// Whose fault.
        cause: Cause,
        /// Both possibilities have to be named.
        uncertain: bool,
    },
    /// Another fault explains it: no incident of its own.
    Explained,
    /// A question is still out whose answer decides.
    Wait,
}

/// How many witnesses it takes to tell the router from the whole local network.
pub const WITNESSES_NEEDED: u32 = 2;

impl Facts {
    /// Everything on this side has fallen: the fault is this PC's cable, its network
    /// card, or the switch.
    #[must_use]
    pub fn point_to_the_local_network(&self) -> bool {
        if self.all_refused {
            return true;
        }
        let nothing_answers =
            self.witnesses_answering == 0 && self.internet_silent && self.router_silent;
        nothing_answers && (self.no_carrier || self.witnesses >= WITNESSES_NEEDED)
    }
}

/// Decides for an outage of the target behind `cause` that has lasted long enough.
#[must_use]
pub fn decide(cause: Cause, facts: &Facts) -> Verdict {
    if facts.lan_down {
        return Verdict::Explained;
    }
    if facts.point_to_the_local_network() {
        return Verdict::Open { cause: Cause::LanDown, uncertain: false };
    }
    match cause {
        Cause::RouterDown => Verdict::Open { cause, uncertain: facts.witnesses < WITNESSES_NEEDED },
        Cause::ServerDown | Cause::IspDown if facts.router_suspect => Verdict::Wait,
        Cause::ServerDown if facts.router_down && facts.seats_answering == 0 => {
            // Router and server silent, nobody else there to ask: one fault, already told.
            Verdict::Explained
        }
        Cause::IspDown if facts.router_down => Verdict::Explained,
        Cause::ServerDown | Cause::IspDown => Verdict::Open { cause, uncertain: false },
        // The local network is decided from the evidence above and by nothing else.
        Cause::LanDown => Verdict::Explained,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(cause: Cause, uncertain: bool) -> Verdict {
        Verdict::Open { cause, uncertain }
    }

    /// Router pulled in a café with five witnesses that answer.
    fn router_pulled() -> Facts {
        Facts {
            router_down: true,
            router_silent: true,
            internet_silent: true,
            witnesses: 5,
            witnesses_answering: 5,
            seats_answering: 4,
            ..Facts::default()
        }
    }

    #[test]
    fn a_silent_router_among_answering_witnesses_is_the_router() {
        assert_eq!(decide(Cause::RouterDown, &router_pulled()), open(Cause::RouterDown, false));
        assert_eq!(decide(Cause::IspDown, &router_pulled()), Verdict::Explained);
    }

    #[test]
    fn everything_silent_with_two_witnesses_is_the_local_network() {
        let facts = Facts { witnesses_answering: 0, seats_answering: 0, ..router_pulled() };
        for cause in [Cause::RouterDown, Cause::ServerDown, Cause::IspDown] {
            assert_eq!(decide(cause, &facts), open(Cause::LanDown, false), "{cause:?}");
        }
        let one = Facts { witnesses: 1, ..facts };
        assert_eq!(decide(Cause::RouterDown, &one), open(Cause::RouterDown, true));
    }

    #[test]
    fn a_lost_carrier_needs_no_witness_but_an_answer_refutes_it() {
        let facts =
            Facts { witnesses: 0, witnesses_answering: 0, no_carrier: true, ..router_pulled() };
        assert_eq!(decide(Cause::RouterDown, &facts), open(Cause::LanDown, false));
        // Another interface works: the carrier that is missing is not the one in use.
        let other =
            Facts { internet_silent: false, router_silent: false, router_down: false, ..facts };
        assert_eq!(decide(Cause::ServerDown, &other), open(Cause::ServerDown, false));
    }

    #[test]
    fn a_silent_server_beside_a_dead_router_is_its_own_fault_only_while_seats_answer() {
        assert_eq!(decide(Cause::ServerDown, &router_pulled()), open(Cause::ServerDown, false));
        let night =
            Facts { witnesses: 1, witnesses_answering: 0, seats_answering: 0, ..router_pulled() };
        assert_eq!(decide(Cause::ServerDown, &night), Verdict::Explained);
    }

    #[test]
    fn provider_and_server_wait_while_the_router_is_in_doubt() {
        let facts = Facts {
            router_suspect: true,
            internet_silent: true,
            witnesses: 3,
            witnesses_answering: 3,
            ..Facts::default()
        };
        assert_eq!(decide(Cause::IspDown, &facts), Verdict::Wait);
        assert_eq!(decide(Cause::ServerDown, &facts), Verdict::Wait);
    }

    #[test]
    fn under_a_running_local_fault_nothing_else_is_told() {
        let facts = Facts { lan_down: true, ..router_pulled() };
        for cause in [Cause::RouterDown, Cause::ServerDown, Cause::IspDown] {
            assert_eq!(decide(cause, &facts), Verdict::Explained);
        }
    }
}
