// A relay of js-libp2p with no limits but those of the machine, for benches/load. It prints its address.

import { circuitRelayServer } from '@libp2p/circuit-relay-v2'
import { identify } from '@libp2p/identify'
import { noise } from '@libp2p/noise'
import { ping } from '@libp2p/ping'
import { tcp } from '@libp2p/tcp'
import { webSockets } from '@libp2p/websockets'
import { yamux } from '@libp2p/yamux'
import { createLibp2p } from 'libp2p'

const MANY = 100_000

const relay = await createLibp2p({
  addresses: { listen: ['/ip4/127.0.0.1/tcp/0/ws'] },
  transports: [tcp(), webSockets()],
  connectionEncrypters: [noise()],
  streamMuxers: [yamux()],
  connectionManager: { maxConnections: MANY, inboundConnectionThreshold: MANY, maxIncomingPendingConnections: MANY },
  services: {
    identify: identify(),
    ping: ping({ maxInboundStreams: MANY }),
    relay: circuitRelayServer({
      maxInboundHopStreams: MANY,
      maxOutboundHopStreams: MANY,
      maxOutboundStopStreams: MANY,
      reservations: { maxReservations: MANY, applyDefaultLimit: false }
    })
  }
})
console.log(relay.getMultiaddrs()[0].toString())
