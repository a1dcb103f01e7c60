// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

/// @title Says in a log how a call ended and what it cost.
/// @notice The answer of a call is not in the receipt of its transaction; here it is.
contract Recorder {
    /// @param answer Keccak-256 of what was returned.
    /// @param gas What the call took, with what is charged for reaching a cold address.
    event Answered(bool success, bytes32 answer, uint256 gas);

    function record(address to, bytes memory input) external returns (bool success, bytes memory answer, uint256 gas) {
        uint256 before = gasleft();
        (success, answer) = to.call(input);
        gas = before - gasleft();
        emit Answered(success, keccak256(answer), gas);
    }
}
