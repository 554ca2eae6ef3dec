// A peer of the network of functions: it joins a node, provides and calls functions. It is written by docs/protocol.md
// and uses js-libp2p as it comes.

import { circuitRelayTransport } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { kadDHT } from '@libp2p/kad-dht'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { multiaddr } from '@multiformats/multiaddr'
import { createLibp2p } from 'libp2p'
import { CID } from 'multiformats/cid'
import * as raw from 'multiformats/codecs/raw'
import { sha256 } from 'multiformats/hashes/sha2'

const CALL = '/fluence/call/1.0.0'
const KAD = '/fluence/kad/1.0.0'
// The largest size of a request or a reply, in bytes.
const MAX_MESSAGE = 64 * 1024
// How long one exchange with another peer may take, in ms.
const DEADLINE = 30_000
// How long a reservation, or a record, may take to appear, in ms.
const ARRANGED = 15_000
const PAUSE = 50
// Calls in one direction on one connection.
const STREAMS = 128
// Calls run over circuits, which js-libp2p calls limited connections.
const LIMITED = { runOnLimitedConnection: true }

/** Joins the network at a node. A peer that is to be called also asks the node for a reservation. */
export async function join (node, { reachable = false } = {}) {
  const address = multiaddr(node)
  const peer = await createLibp2p({
    // Nothing listens but the circuit, and nobody but the node is looked for: no bootstrap list, no multicast.
    addresses: { listen: reachable ? [`${node}/p2p-circuit`] : [] },
    transports: [tcp(), webSockets(), circuitRelayTransport()],
    connectionEncrypters: [noise()],
    streamMuxers: [yamux()],
    connectionGater: { denyDialMultiaddr: () => false },
    // All callers of one relay count as one host here; by default, only five may connect in a second.
    connectionManager: { inboundConnectionThreshold: 1000 },
    services: {
      identify: identify(),
      ping: ping(),
      dht: kadDHT({
        protocol: KAD,
        clientMode: true,
        // Otherwise every provider that is found counts as a server of the DHT, and is dialed as one for each look-up.
        peerInfoMapper: ({ id, multiaddrs }) => ({ id, multiaddrs: multiaddrs.filter(address => !isCircuit(address)) }),
        // Otherwise a look-up waits for the first search for peers close to this one.
        allowQueryWithZeroPeers: true
      })
    }
  })
  const connection = await peer.dial(address, within())
  // A look-up asks the peers of the routing table, and the node is in it once it has said that it is a server.
  await until('the node does not serve the DHT', () => peer.services.dht.routingTable.size > 0)
  if (reachable) {
    await until('the node granted no reservation', () => peer.getMultiaddrs().some(isCircuit))
  }
  return { peer, node: connection.remotePeer }
}

function isCircuit (address) {
  return address.getComponents().some(part => part.name === 'p2p-circuit')
}

function within (time = DEADLINE) {
  return { signal: AbortSignal.timeout(time) }
}

async function until (otherwise, holds) {
  const end = Date.now() + ARRANGED
  while (!await holds()) {
    if (Date.now() > end) {
      throw new Error(otherwise)
    }
    await pause()
  }
}

/** The DHT key of a function, in the form that js-libp2p takes: it uses only the multihash of the CID. */
async function key (name) {
  return CID.createV1(raw.code, await sha256.digest(new TextEncoder().encode(name)))
}

/** Answers calls to functions. `answer` gets the name, the arguments and the caller, and returns the reply. */
export async function serve ({ peer }, answer) {
  await peer.handle(CALL, async (stream, connection) => {
    try {
      let reply
      let manner
      try {
        const { function: name, args } = JSON.parse(await readAll(stream))
        manner = args?.manner
        reply = await answer(name, args ?? {}, connection.remotePeer)
      } catch (error) {
        reply = { error: { code: 'bad_request', message: error.message } }
      }
      await write(stream, reply, manner)
    } catch (error) {
      console.error('a call failed:', error)
      stream.abort(error)
    }
  }, { ...LIMITED, maxInboundStreams: STREAMS, maxOutboundStreams: STREAMS })
}

/** Stores a provider record for a function. */
export async function provide ({ peer }, name) {
  await peer.contentRouting.provide(await key(name), within())
}

/** The peers that provide a function. */
export async function * find ({ peer }, name) {
  yield * peer.contentRouting.findProviders(await key(name), within())
}

/** Calls a function at the first of its providers that answers. */
export async function call (joined, name, args, manner) {
  let failed = new Error('nobody provides it')
  for await (const provider of find(joined, name)) {
    try {
      return { provider: provider.id.toString(), reply: await callAt(joined, provider, { function: name, args }, manner) }
    } catch (error) {
      failed = error
    }
  }
  throw failed
}

async function callAt ({ peer }, provider, request, manner) {
  // js-libp2p remembers the addresses that a look-up has found.
  const stream = await peer.dialProtocol(provider.id, CALL, { ...within(), ...LIMITED, maxOutboundStreams: STREAMS })
  try {
    const reading = readAll(stream)
    await write(stream, request, manner)
    return JSON.parse(await reading)
  } catch (error) {
    stream.abort(error)
    throw error
  }
}

/** Writes a message and closes this side; or does it in the manner of a peer that is not well written. */
async function write (stream, message, manner = 'plain') {
  const bytes = new TextEncoder().encode(JSON.stringify(message))
  switch (manner) {
    case 'plain':
      stream.send(bytes)
      return stream.close(within())
    case 'slow': {
      const half = bytes.length / 2
      stream.send(bytes.subarray(0, half))
      await pause()
      stream.send(bytes.subarray(half))
      await pause()
      return stream.close(within())
    }
    case 'open':
      stream.send(bytes)
      return
    case 'silent':
      return stream.close(within())
    case 'reset':
      stream.abort(new Error('as was asked for'))
      return
    default:
      throw new Error(`nobody behaves in the manner "${manner}"`)
  }
}

function pause () {
  return new Promise(resolve => setTimeout(resolve, PAUSE))
}

/** Reads to the end of the other side. */
async function readAll (stream) {
  const chunks = []
  let length = 0
  for await (const chunk of stream) {
    chunks.push(chunk.subarray())
    length += chunk.byteLength
    if (length > MAX_MESSAGE) {
      throw new Error('the message is too long')
    }
  }
  return Buffer.concat(chunks).toString('utf8')
}
