// SPDX-License-Identifier: MIT
// Made by `cargo xtask gen` from the table of precompiles. Do not edit.
pragma solidity ^0.8.24;

/// @title IFeeManager
/// @notice The fee configuration of the chain. A change takes effect from the next block on.
/// @dev Lives at 0x0200000000000000000000000000000000000003. Its configuration key is feeManagerConfig.
interface IFeeManager {
    struct FeeConfig {
        uint256 gasLimit;
        uint256 targetBlockRate;
        uint256 minBaseFee;
        uint256 targetGas;
        uint256 baseFeeChangeDenominator;
        uint256 minBlockGasCost;
        uint256 maxBlockGasCost;
        uint256 blockGasCostStep;
    }

    /// @notice A role was set, also if it was the same before.
    event RoleSet(uint256 indexed role, address indexed account, address indexed sender, uint256 oldRole);

    /// @notice The fee configuration was replaced.
    event FeeConfigChanged(address indexed sender, FeeConfig oldFeeConfig, FeeConfig newFeeConfig);

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

    /// @notice The fee configuration as it is stored now.
    function getFeeConfig()
        external
        view
        returns (
            uint256 gasLimit,
            uint256 targetBlockRate,
            uint256 minBaseFee,
            uint256 targetGas,
            uint256 baseFeeChangeDenominator,
            uint256 minBlockGasCost,
            uint256 maxBlockGasCost,
            uint256 blockGasCostStep
        );

    /// @notice Number of the block that last changed the fee configuration.
    function getFeeConfigLastChangedAt() external view returns (uint256 blockNumber);

    /// @notice Replaces the fee configuration. For those who hold a role. Fails if a field is out of its bounds.
    function setFeeConfig(
        uint256 gasLimit,
        uint256 targetBlockRate,
        uint256 minBaseFee,
        uint256 targetGas,
        uint256 baseFeeChangeDenominator,
        uint256 minBlockGasCost,
        uint256 maxBlockGasCost,
        uint256 blockGasCostStep
    ) external;
}
