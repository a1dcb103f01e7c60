// SPDX-License-Identifier: MIT
pragma solidity ^0.8.24;

import {IBallots} from "../../../contracts/src/precompiles/IBallots.sol";

/// @title Calls the ballots through their interface.
contract BallotsCaller is IBallots {
    IBallots private immutable row;

    constructor(address at) {
        row = IBallots(at);
    }

    function verifyBallots(bytes32 domain, bytes calldata ballots) external view returns (uint256) {
        return row.verifyBallots(domain, ballots);
    }
}
