//! The allow list: who holds which role at a row, and the five functions that read and set roles.
//!
//! The role of an account is the value of the slot whose key is its address, left-padded.

use crate::abi::{self, Arguments};
use crate::config::Roles;
use crate::gas;
use crate::interface::{Event, Function, Interface};
use crate::port::{Call, Fatal, Halt, State, Stop};
use alloy_primitives::{Address, B256, Bytes, b256};

/// Role of an account: the word in its slot. Values beyond the four constants are no roles and give no rights, but are
/// shown as they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Role(B256);

impl Role {
    /// No rights.
    pub const NONE: Self = Self(B256::ZERO);
    /// May use the row.
    pub const ENABLED: Self = Self(B256::with_last_byte(1));
    /// May use the row and set any role of anyone.
    pub const ADMIN: Self = Self(B256::with_last_byte(2));
    /// May use the row, and move accounts between none and enabled. Given out from Durango on.
    pub const MANAGER: Self = Self(B256::with_last_byte(3));

    /// May use the row.
    #[must_use]
    pub fn is_enabled(self) -> bool {
        [Self::ENABLED, Self::ADMIN, Self::MANAGER].contains(&self)
    }

    /// The word in the slot.
    #[must_use]
    pub const fn word(self) -> B256 {
        self.0
    }

    /// May move an account from one role to another.
    fn may_set(self, from: Self, to: Self) -> bool {
        let low = [Self::NONE, Self::ENABLED];
        self == Self::ADMIN || (self == Self::MANAGER && low.contains(&from) && low.contains(&to))
    }
}

/// Role of an account, given the storage of the row's canonical account.
///
/// # Errors
/// Only what the reader says.
pub fn role<E>(mut read: impl FnMut(B256) -> Result<B256, E>, account: Address) -> Result<Role, E> {
    read(account.into_word()).map(Role)
}

/// An account may use the row.
///
/// # Errors
/// Only what the reader says.
pub fn is_enabled<E>(read: impl FnMut(B256) -> Result<B256, E>, account: Address) -> Result<bool, E> {
    role(read, account).map(Role::is_enabled)
}

/// The functions that every row with an allow list has.
pub static INTERFACE: Interface = Interface {
    structs: &[],
    functions: &[
        Function {
            selector: [0xeb, 0x54, 0xda, 0xe1],
            solidity: "function readAllowList(address account) external view returns (uint256 role)",
            about: "Role of an account: 0 none, 1 enabled, 2 admin, 3 manager.",
            from_durango: false,
            run: read_allow_list,
        },
        Function {
            selector: [0x70, 0x4b, 0x6c, 0x02],
            solidity: "function setAdmin(address account) external",
            about: "Makes an account an admin. For admins.",
            from_durango: false,
            run: |call, arguments| set_role(call, arguments, Role::ADMIN),
        },
        Function {
            selector: [0x0a, 0xaf, 0x70, 0x43],
            solidity: "function setEnabled(address account) external",
            about: "Enables an account. For admins, and for managers if the account has no role.",
            from_durango: false,
            run: |call, arguments| set_role(call, arguments, Role::ENABLED),
        },
        Function {
            selector: [0xd0, 0xeb, 0xdb, 0xe7],
            solidity: "function setManager(address account) external",
            about: "Makes an account a manager. For admins. From Durango on.",
            from_durango: true,
            run: |call, arguments| set_role(call, arguments, Role::MANAGER),
        },
        Function {
            selector: [0x8c, 0x6b, 0xfb, 0x3b],
            solidity: "function setNone(address account) external",
            about: "Takes the role of an account away. For admins, and for managers if the account is enabled.",
            from_durango: false,
            run: |call, arguments| set_role(call, arguments, Role::NONE),
        },
    ],
    events: &[Event {
        topic: ROLE_SET,
        solidity: "event RoleSet(uint256 indexed role, address indexed account, address indexed sender, uint256 oldRole)",
        about: "A role was set, also if it was the same before.",
    }],
};

/// Gives out the first roles of a row.
///
/// # Errors
/// Only when the state could not be written.
pub fn configure(state: &mut dyn State, roles: &Roles) -> Result<(), Fatal> {
    let groups = [(&roles.enabled, Role::ENABLED), (&roles.admins, Role::ADMIN), (&roles.managers, Role::MANAGER)];
    for (accounts, role) in groups {
        for account in accounts {
            state.store(account.into_word(), role.0)?;
        }
    }
    Ok(())
}

/// Refuses callers that may not use the row.
///
/// # Errors
/// [`Halt::NotAllowed`] for them.
pub fn require_enabled(call: &mut Call<'_>) -> Result<(), Stop> {
    if is_enabled(|slot| call.state.load(slot), call.caller)? { Ok(()) } else { Err(Stop::Halt(Halt::NotAllowed)) }
}

fn read_allow_list(call: &mut Call<'_>, arguments: Arguments<'_>) -> Result<Bytes, Stop> {
    call.gas.charge(gas::READ_SLOT)?;
    let account = account(call, arguments)?;
    let role = role(|slot| call.state.load(slot), account)?;
    Ok(abi::words(&[role.0]))
}

fn set_role(call: &mut Call<'_>, arguments: Arguments<'_>, to: Role) -> Result<Bytes, Stop> {
    call.gas.charge(gas::with_event(gas::WRITE_SLOT, ROLE_SET_GAS, call.facts.durango))?;
    call.write()?;
    let account = account(call, arguments)?;
    let mut read = |slot| call.state.load(slot);
    let sender = role(&mut read, call.caller)?;
    let from = role(&mut read, account)?;
    if !sender.may_set(from, to) {
        return Err(Stop::Halt(Halt::NotAllowed));
    }
    if call.facts.durango {
        let topics = vec![ROLE_SET, to.0, account.into_word(), call.caller.into_word()];
        call.state.log(topics, abi::words(&[from.0]));
    }
    call.state.store(account.into_word(), to.0)?;
    Ok(Bytes::new())
}

/// The one argument that all five functions have.
fn account(call: &Call<'_>, arguments: Arguments<'_>) -> Result<Address, Stop> {
    if !call.facts.durango {
        arguments.exactly(1)?;
    }
    arguments.address(0)
}

const ROLE_SET: B256 = b256!("cdb7ea01f00a414d78757bdb0f6391664ba3fedf987eed280927c1e7d695be3e");
const ROLE_SET_GAS: u64 = gas::log(4, 32);
