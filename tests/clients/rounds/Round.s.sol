// SPDX-License-Identifier: MIT
pragma solidity 0.8.30;

import {Votes} from "../contracts/Votes.sol";

/// @notice What of forge's script interpreter is used here.
interface Vm {
    struct EthGetLogs {
        address emitter;
        bytes32[] topics;
        bytes data;
        bytes32 blockHash;
        uint64 blockNumber;
        bytes32 transactionHash;
        uint64 transactionIndex;
        uint256 logIndex;
        bool removed;
    }

    function startBroadcast() external;
    function stopBroadcast() external;
    function createSelectFork(string calldata url, uint256 number) external returns (uint256);
    function eth_getLogs(uint256 from, uint256 to, address emitter, bytes32[] calldata topics)
        external
        returns (EthGetLogs[] memory);
    function rpc(string calldata method, string calldata parameters) external returns (bytes memory);
}

/// @title The steps of forge's round. Those that write are run with --broadcast.
contract Round {
    Vm private constant VM = Vm(address(uint160(uint256(keccak256("hevm cheat code")))));
    /// Where `new X{salt: …}` of a script is sent to.
    address private constant CREATE2_PROXY = 0x4e59b44847b379578588920cA78FbF26c0B4956C;
    uint192 private constant SUPPLY = 1_000_000 ether;

    bool public constant IS_SCRIPT = true;

    function connect(address account) external returns (string memory version) {
        version = abi.decode(VM.rpc("web3_clientVersion", "[]"), (string));
        require(block.chainid == 1337, "chain id");
        require(account.balance > 1_000 ether, "balance");
        require(CREATE2_PROXY.code.length == 69, "no CREATE2 proxy");
    }

    function deploy(address account, bytes32 salt) external returns (Votes plain, Votes salted) {
        VM.startBroadcast();
        plain = new Votes("forge", account, SUPPLY);
        salted = new Votes{salt: salt}("salted", account, SUPPLY);
        VM.stopBroadcast();
        bytes memory code = abi.encodePacked(type(Votes).creationCode, abi.encode("salted", account, SUPPLY));
        bytes32 hash = keccak256(abi.encodePacked(hex"ff", CREATE2_PROXY, salt, keccak256(code)));
        require(address(salted) == address(uint160(uint256(hash))), "address of the salted contract");
    }

    function write(Votes token, address account, address other) external {
        VM.startBroadcast();
        token.transfer(other, 1 ether);
        token.delegate(account);
        VM.stopBroadcast();
    }

    function read(Votes token, address account, address other) external view {
        require(token.getVotes(account) == SUPPLY - 1 ether && token.balanceOf(other) == 1 ether, "votes");
    }

    function past(Votes token, address account, string calldata url, uint256 created, uint256 written) external {
        require(token.getPastVotes(account, created) == 0, "votes of the past");
        VM.createSelectFork(url, created);
        require(
            block.number == created && token.balanceOf(account) == SUPPLY && token.getVotes(account) == 0, "created"
        );
        VM.createSelectFork(url, created - 1);
        require(address(token).code.length == 0, "code before it was deployed");
        VM.createSelectFork(url, written);
        require(token.getVotes(account) == SUPPLY - 1 ether, "written");
    }

    function events(
        Votes token,
        address account,
        uint256 created,
        string calldata byRange,
        string calldata byHash
    ) external {
        bytes32[] memory topics = new bytes32[](2);
        topics[0] = Votes.Transfer.selector;
        topics[1] = bytes32(uint256(uint160(account)));
        Vm.EthGetLogs[] memory logs = VM.eth_getLogs(created, block.number, address(token), topics);
        require(logs.length == 1 && abi.decode(logs[0].data, (uint256)) == 1 ether, "logs");
        // The same block by its number and by its hash, which eth_getLogs of forge does not take.
        bytes memory found = VM.rpc("eth_getLogs", byHash);
        require(found.length > 64 && keccak256(found) == keccak256(VM.rpc("eth_getLogs", byRange)), "logs by hash");
    }

    function reverts(Votes token, address account) external view {
        token.getPastVotes(account, 1_000_000_000);
    }

    function fees() external returns (uint256 price, uint256 tip) {
        price = number(VM.rpc("eth_gasPrice", "[]"));
        tip = number(VM.rpc("eth_maxPriorityFeePerGas", "[]"));
        require(price >= block.basefee, "price");
    }

    function finality(bool instant) external {
        bytes memory finalized = VM.rpc("eth_getBlockByNumber", "[\"finalized\", false]");
        bytes memory safe = VM.rpc("eth_getBlockByNumber", "[\"safe\", false]");
        bytes memory latest = VM.rpc("eth_getBlockByNumber", "[\"latest\", false]");
        require(finalized.length > 0 && safe.length > 0, "no finalized block");
        if (instant) {
            require(keccak256(finalized) == keccak256(latest) && keccak256(safe) == keccak256(latest), "finality");
        }
    }

    function many(Votes token, address other) external {
        VM.startBroadcast();
        for (uint256 value = 1; value <= 20; value++) {
            token.transfer(other, value);
        }
        VM.stopBroadcast();
    }

    function absent() external {
        VM.rpc("pars_absent", "[]");
    }

    function number(bytes memory quantity) private pure returns (uint256 value) {
        for (uint256 at = 0; at < quantity.length; at++) {
            value = (value << 8) | uint8(quantity[at]);
        }
    }
}
