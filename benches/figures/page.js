// What the figures measure in a page of the browser; times in milliseconds. `others` is ../others.js, bundled.

globalThis.bench = {
  // SHA-256 by the browser alone: `count` pieces of `size` bytes that are in memory, `flight` at a time.
  async digest(count, size, flight) {
    const memory = new Uint8Array(16 * size)
    for (let at = 0; at < memory.length; at += 65536) crypto.getRandomValues(memory.subarray(at, at + 65536))
    const pieces = Array.from({ length: 16 }, (_, n) => memory.subarray(n * size, (n + 1) * size))
    let next = 0
    const lane = async () => {
      while (next < count) await crypto.subtle.digest('SHA-256', pieces[next++ % 16])
    }
    const start = performance.now()
    await Promise.all(Array.from({ length: flight }, lane))
    return { ms: performance.now() - start }
  },

  // `ipfs-unixfs-importer` over the chosen file, into a store that keeps nothing; the hash as protocol.md writes it.
  async importer() {
    const [file] = document.getElementById('bench-file').files
    const start = performance.now()
    const store = { put: cid => cid }
    let root
    for await (const { cid } of others.importer([{ content: chunks(file) }], store, { profile: 'unixfs-v1-2025' })) root = cid
    return { ms: performance.now() - start, cid: (root.code === 0x70 ? root.toV0() : root).toString() }
  },

  // A plain download, written into extents of a database as the extension has them, `flight` at a time, unverified.
  async plain(url, extent, flight) {
    const store = await Extents.open(extent, flight)
    const start = performance.now()
    const bytes = await store.take((await fetch(url, { cache: 'no-store' })).body)
    const ms = performance.now() - start
    await store.remove()
    return { ms, bytes }
  },

  // `@helia/verified-fetch` with one trustless gateway; its bytes are dropped, or written into extents where some are
  // said.
  async helia(gateway, cid, extent, flight) {
    const helia = others.withHTTP(others.createHeliaLight(), {
      delegatedRouters: [], recursiveGateways: [gateway], allowLocal: true, allowInsecure: true,
    })
    await helia.start()
    const fetch = await others.createVerifiedFetch(helia)
    const store = extent ? await Extents.open(extent, flight) : { async remove() {}, take: dropped }
    const start = performance.now()
    const response = await fetch(`ipfs://${cid}`)
    if (!response.ok) throw new Error(`helia answered ${response.status}`)
    const bytes = await store.take(response.body)
    const ms = performance.now() - start
    await store.remove()
    await helia.stop()
    return { ms, bytes }
  },

  // Puts the chosen file, or so many bytes, at an address.
  async put(url, size) {
    const body = size === undefined ? document.getElementById('bench-file').files[0] : noise(size)
    const start = performance.now()
    await fetch(url, { method: 'PUT', body })
    return { ms: performance.now() - start }
  },

  // Gets what is at an address into memory.
  async get(url) {
    const start = performance.now()
    const bytes = (await (await fetch(url, { cache: 'no-store' })).arrayBuffer()).byteLength
    return { ms: performance.now() - start, bytes }
  },

  // Saves what is at an address into the download folder, as a click on a link does.
  save(url) {
    const link = Object.assign(document.createElement('a'), { href: url, download: '' })
    link.click()
  },

  // A field for files that nothing else on the page knows of.
  field() {
    document.getElementById('bench-file')?.remove()
    document.body.append(Object.assign(document.createElement('input'), { type: 'file', id: 'bench-file' }))
  },

  // Notes what the extension's worker tells its faces; in a page of the extension.
  watch() {
    this.events = []
    this.waiting = () => {}
    const port = chrome.runtime.connect({ name: 'face' })
    port.onMessage.addListener(message => {
      if (message.type !== 'event' || message.event.kind.event === 'progress') return
      this.events.push(message.event)
      this.waiting()
    })
    port.postMessage({ number: 1, command: { command: 'watch' } })
  },

  // All that was noted, for people to read.
  listed() {
    return this.events.map(({ at, kind }) => `${at - this.events[0].at} ${JSON.stringify(kind)}`)
  },

  // The time of the first event that passes a test, in Unix milliseconds; waits for it.
  event(test) {
    return new Promise(resolve => {
      this.waiting = () => {
        const found = this.events.find(({ kind }) => test(kind))
        if (found) resolve(found.at)
      }
      this.waiting()
    })
  },
}

// Slices as large as the extension reads them.
async function * chunks(file) {
  const size = 4 << 20
  for (let at = 0; at < file.size; at += size) yield new Uint8Array(await file.slice(at, at + size).arrayBuffer())
}

function noise(size) {
  const part = new Uint8Array(65536)
  crypto.getRandomValues(part)
  return new Blob(Array.from({ length: Math.ceil(size / part.length) }, () => part)).slice(0, size)
}

async function dropped(body) {
  let bytes = 0
  for (const reader = body.getReader(); ;) {
    const { done, value } = await reader.read()
    if (done) return bytes
    bytes += value.length
  }
}

// Blobs of `extent` bytes in a database, `flight` of them written at a time.
class Extents {
  static async open(extent, flight) {
    const store = Object.assign(new Extents(), { extent, flight, key: 0, writing: new Set() })
    store.database = await new Promise((resolve, reject) => {
      const request = indexedDB.open('figures', 1)
      request.onupgradeneeded = () => request.result.createObjectStore('extents')
      request.onsuccess = () => resolve(request.result)
      request.onerror = () => reject(request.error)
    })
    return store
  }

  // Returns when all bytes are written.
  async take(body) {
    let bytes = 0
    let parts = []
    let gathered = 0
    for (const reader = body.getReader(); ;) {
      const { done, value } = await reader.read()
      if (!done) {
        bytes += value.length
        parts.push(value)
        gathered += value.length
      }
      if (gathered >= this.extent || (done && gathered > 0)) {
        this.put(new Blob(parts))
        parts = []
        gathered = 0
        if (this.writing.size >= this.flight) await Promise.race(this.writing)
      }
      if (done) break
    }
    await Promise.all(this.writing)
    return bytes
  }

  put(blob) {
    const transaction = this.database.transaction('extents', 'readwrite')
    transaction.objectStore('extents').put({ blob }, this.key++)
    const ended = new Promise((resolve, reject) => {
      transaction.oncomplete = resolve
      transaction.onabort = () => reject(transaction.error)
    }).finally(() => this.writing.delete(ended))
    this.writing.add(ended)
  }

  async remove() {
    this.database.close()
    await new Promise(resolve => { indexedDB.deleteDatabase('figures').onsuccess = resolve })
  }
}
