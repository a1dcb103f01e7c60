//! The table of rule sets that vectors name and the chain's execution can run.

use alloy_primitives::map::AddressMap;
use pars_chain::error::Fatal;
use pars_chain::execution::evm::Variant;
use pars_chain::execution::executor::{Environment, Executor, Place};
use pars_chain::execution::precompiles::{Delegated, Provider};
use pars_chain::state::overlay::Overlay;
use pars_chain::view::View;
use pars_genesis::forks::{Forks, Rules};
use pars_genesis::spec::ChainSpec;
use pars_precompiles::fee::FeeConfig;
use pars_precompiles::port::Facts;
use revm::primitives::hardfork::SpecId;

/// Rules by the name that vectors give them.
#[derive(Debug, Clone, Copy)]
pub struct RuleSet {
    /// In `post`.
    pub name: &'static str,
    /// Of the chain itself: what is inside its forks.
    pub rules: Rules,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    /// This chain as it is.
    Pars,
    /// Ethereum's execution, or that with one departure.
    Ethereum(SpecId, Variant),
}

/// All of them. What this chain has of Ethereum's rules begins with London, so nothing older is here.
pub static TABLE: &[RuleSet] = &[
    RuleSet::ethereum("London", LONDON, SpecId::LONDON, Variant::ETHEREUM),
    RuleSet::ethereum("Paris", LONDON, SpecId::MERGE, Variant::ETHEREUM),
    RuleSet::ethereum("Shanghai", SHANGHAI, SpecId::SHANGHAI, Variant::ETHEREUM),
    RuleSet::ethereum("Cancun", CANCUN, SpecId::CANCUN, Variant::ETHEREUM),
    RuleSet { name: "Pars-Granite", rules: GRANITE, kind: Kind::Pars },
    // The vectors have it only inside the sequences of the later sets without refunds.
    RuleSet::ethereum("Cancun-norefund", CANCUN, SpecId::CANCUN, Variant { refunds: false, ..Variant::ETHEREUM }),
];

impl RuleSet {
    /// By name.
    #[must_use]
    pub fn named(name: &str) -> Option<&'static Self> {
        TABLE.iter().find(|set| set.name == name)
    }

    /// The same, where storage that is left does not stop a creation: as the Go node's EVM has it.
    #[must_use]
    pub const fn without_eip7610(&self) -> Self {
        match self.kind {
            Kind::Pars => *self,
            Kind::Ethereum(spec, variant) => {
                Self { kind: Kind::Ethereum(spec, Variant { eip7610: false, ..variant }), ..*self }
            }
        }
    }

    const fn ethereum(name: &'static str, rules: Rules, spec: SpecId, variant: Variant) -> Self {
        Self { name, rules, kind: Kind::Ethereum(spec, variant) }
    }

    /// An executor for a block under these rules. `start`: with what every block does before its transactions.
    ///
    /// # Errors
    /// When the store failed.
    pub fn executor<'v>(
        &self,
        parent: &'v View,
        environment: Environment,
        chain_id: u64,
        start: bool,
    ) -> Result<Executor<'v>, Fatal> {
        match self.kind {
            // Its only start-of-block change here is the call of EIP-4788, which does nothing where no contract is.
            Kind::Pars => Executor::new(&granite_from_genesis(chain_id), Place::default(), parent, environment),
            Kind::Ethereum(spec, variant) => {
                let (number, time) = (environment.number, environment.time);
                let facts = Facts {
                    number,
                    time,
                    durango: self.rules.durango,
                    granite: self.rules.granite,
                    ..Facts::default()
                };
                let provider = Provider::new(spec, false, AddressMap::default(), facts, Delegated::Fails);
                let state = Overlay::new(parent);
                let mut executor =
                    Executor::with_rules(state, environment, chain_id, spec, provider, variant, (None, None));
                if start && self.rules.etna {
                    executor.beacon_root_call()?;
                }
                Ok(executor)
            }
        }
    }
}

/// A chain with every fork from its genesis on and no precompile of the table.
const fn granite_from_genesis(chain_id: u64) -> ChainSpec {
    ChainSpec {
        chain_id,
        forks: Forks { durango: Some(0), etna: Some(0), fortuna: Some(0), granite: Some(0), helicon: None },
        fee: FeeConfig::DEFAULT,
        allow_fee_recipients: true,
        initial_min_delay_ms: None,
        switches: Vec::new(),
        state_upgrades: Vec::new(),
        addresses: Vec::new(),
    }
}

const LONDON: Rules = Rules { durango: false, etna: false, granite: false };
const SHANGHAI: Rules = Rules { durango: true, ..LONDON };
const CANCUN: Rules = Rules { etna: true, ..SHANGHAI };
const GRANITE: Rules = Rules { granite: true, ..CANCUN };
