// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title INativeMinter
/// @notice Creates coins.
/// @dev Lives at 0x0200000000000000000000000000000000000001. Its configuration key is contractNativeMinterConfig.
interface INativeMinter {
    /// @notice A role was set, also if it was the same before.
    event RoleSet(uint256 indexed role, address indexed account, address indexed sender, uint256 oldRole);

    /// @notice Coins were created.
    event NativeCoinMinted(address indexed sender, address indexed recipient, uint256 amount);

    /// @notice Role of an account: 0 none, 1 enabled, 2 admin, 3 manager.
    function readAllowList(address account) external view returns (uint256 role);

    /// @notice Makes an account an admin. For admins.
    function setAdmin(address account) external;

    /// @notice Enables an account. For admins, and for managers if the account has no role.
    function setEnabled(address account) external;

    /// @notice Makes an account a manager. For admins. From Durango on.
    function setManager(address account) external;

    /// @notice Takes the role of an account away. For admins, and for managers if the account is enabled.
    function setNone(address account) external;

    /// @notice Adds wei to an account. For those who hold a role. A balance beyond 2^256 - 1 wraps.
    function mintNativeCoin(address to, uint256 amount) external;
}
