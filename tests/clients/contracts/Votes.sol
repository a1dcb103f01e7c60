// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

/// @title A token whose holders have votes, small enough that every client's round can deploy its own.
/// @notice It has what a client has to cope with: indexed events, errors with arguments, a constructor with arguments,
/// and reads of the past by block number. It is for tests: the whole supply belongs to whoever the constructor names.
contract Votes {
    /// @notice What an account could vote with from a block on.
    struct Checkpoint {
        uint64 fromBlock;
        uint192 votes;
    }

    event Transfer(address indexed from, address indexed to, uint256 value);
    event DelegateChanged(address indexed delegator, address indexed from, address indexed to);
    event DelegateVotesChanged(address indexed delegate, uint256 previous, uint256 current);

    error InsufficientBalance(address account, uint256 balance, uint256 needed);
    error InvalidReceiver(address receiver);
    error FutureLookup(uint256 wanted, uint256 current);

    string public name;
    string public constant symbol = "VOTE";
    uint8 public constant decimals = 18;
    uint256 public immutable totalSupply;
    mapping(address => uint256) public balanceOf;
    mapping(address => address) public delegates;
    mapping(address => Checkpoint[]) private checkpoints;

    constructor(string memory name_, address holder, uint192 supply) {
        name = name_;
        totalSupply = supply;
        balanceOf[holder] = supply;
        emit Transfer(address(0), holder, supply);
    }

    function transfer(address to, uint256 value) external returns (bool) {
        if (to == address(0)) revert InvalidReceiver(to);
        uint256 balance = balanceOf[msg.sender];
        if (balance < value) revert InsufficientBalance(msg.sender, balance, value);
        balanceOf[msg.sender] = balance - value;
        balanceOf[to] += value;
        emit Transfer(msg.sender, to, value);
        move(delegates[msg.sender], delegates[to], value);
        return true;
    }

    function delegate(address to) external {
        address from = delegates[msg.sender];
        delegates[msg.sender] = to;
        emit DelegateChanged(msg.sender, from, to);
        move(from, to, balanceOf[msg.sender]);
    }

    function getVotes(address account) external view returns (uint256) {
        return latest(checkpoints[account]);
    }

    /// @notice Votes at the end of a block that is over.
    function getPastVotes(address account, uint256 number) external view returns (uint256 votes) {
        if (number >= block.number) revert FutureLookup(number, block.number);
        Checkpoint[] storage history = checkpoints[account];
        for (uint256 at = history.length; at > 0; at--) {
            if (history[at - 1].fromBlock <= number) return history[at - 1].votes;
        }
    }

    function move(address from, address to, uint256 value) private {
        if (from == to || value == 0) return;
        if (from != address(0)) write(from, latest(checkpoints[from]) - value);
        if (to != address(0)) write(to, latest(checkpoints[to]) + value);
    }

    /// Always a new checkpoint, also within a block: so a transfer costs the same in the head's block, where clients
    /// estimate it, and in the next one, where it runs.
    function write(address account, uint256 votes) private {
        Checkpoint[] storage history = checkpoints[account];
        emit DelegateVotesChanged(account, latest(history), votes);
        // The supply has 192 bits, and no sum of balances is larger.
        history.push(Checkpoint(uint64(block.number), uint192(votes)));
    }

    function latest(Checkpoint[] storage history) private view returns (uint256) {
        return history.length == 0 ? 0 : history[history.length - 1].votes;
    }
}
