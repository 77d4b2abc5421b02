// Writes tests/data/unixfs.json: the blocks that IPFS' own JavaScript importer makes of files.
//
//   mkdir FOLDER && cp scripts/unixfs_vectors.mjs FOLDER && cd FOLDER
//   npm install ipfs-unixfs-importer@17.1.1
//   node unixfs_vectors.mjs > CHECKOUT/tests/data/unixfs.json
//
// It takes some seconds, for the files above 1024 chunks. Node 20 or later.
import assert from 'node:assert'
import { createCipheriv, createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { importer } from 'ipfs-unixfs-importer'
import { fixedSize } from 'ipfs-unixfs-importer/chunker'
import { balanced } from 'ipfs-unixfs-importer/layout'

const PROFILE = 'unixfs-v1-2025'
const MIB = 1 << 20
const LISTED = 40 // trees of at most so many blocks are listed block by block

// Files of the formula, by chunk size and links per node.
const SIZES = [
  [MIB, 1024, [0, 1, MIB - 1, MIB, MIB + 1, 3.5 * MIB, 10 * MIB, 1025 * MIB]],
  [64, 4, [0, 1, 63, 64, 65, 128, 255, 256, 257, 320, 1024, 1025, 1088, 4096, 4097, 5000]],
  [10, 3, [10, 30, 31, 90, 91, 270, 271, 300]],
  [1, 2, [1, 2, 3, 5, 8, 9, 16, 17]]
]

// Kubo's own vectors, published in IPIP-499 (CC0): content is ChaCha20's key stream of the seed's SHA2-256.
const KUBO = [
  ['chunk-v1-seed', MIB, 'bafkreiacndfy443ter6qr2tmbbdhadvxxheowwf75s6zehscklu6ezxmta'],
  ['chunk-v1-seed', MIB + 1, 'bafybeigmix7t42i6jacydtquhet7srwvgpizfg7gjbq7627d35mjomtu64'],
  ['v1-2025-seed', 1024 * MIB, 'bafybeihmf37wcuvtx4hpu7he5zl5qaf2ineo2lqlfrapokkm5zzw7zyhvm'],
  ['v1-2025-seed', 1024 * MIB + 1, 'bafybeibdsi225ugbkmpbdohnxioyab6jsqrmkts3twhpvfnzp77xtzpyhe']
]

function * pieces (size, make) {
  for (let start = 0; start < size; start += MIB) yield make(start, Math.min(MIB, size - start))
}

// Byte i is the highest of the four bytes of i * 2654435761 mod 2^32.
function formula (start, length) {
  const bytes = new Uint8Array(length)
  for (let i = 0; i < length; i++) bytes[i] = Math.imul(start + i, 2654435761) >>> 24
  return bytes
}

function keyStream (seed) {
  const cipher = createCipheriv('chacha20', createHash('sha256').update(seed).digest(), Buffer.alloc(16))
  return (_, length) => cipher.update(Buffer.alloc(length))
}

async function blocksOf (content, chunkBytes, maxLinks) {
  const blocks = new Map()
  let total = 0
  const store = {
    put: async (cid, bytes) => {
      if (!blocks.has(cid.toString())) total += bytes.length
      blocks.set(cid.toString(), bytes.length)
      return cid
    }
  }
  const options = {
    profile: PROFILE,
    chunker: fixedSize({ chunkSize: chunkBytes }),
    layout: balanced({ maxChildrenPerNode: maxLinks })
  }
  let root
  for await (const entry of importer([{ content }], store, options)) root = entry.cid.toString()
  const listed = blocks.size <= LISTED ? [...blocks.keys()].sort() : undefined
  return { cid: root, distinct_blocks: blocks.size, distinct_bytes: total, blocks: listed }
}

const files = []
for (const [chunk_bytes, max_links, sizes] of SIZES) {
  for (const size of sizes) {
    const made = await blocksOf(pieces(size, formula), chunk_bytes, max_links)
    files.push({ size, chunk_bytes, max_links, ...made })
  }
}
const kubo = []
for (const [seed, size, cid] of KUBO) {
  assert.equal((await blocksOf(pieces(size, keyStream(seed)), MIB, 1024)).cid, cid)
  kubo.push({ seed, size, cid })
}
const { version } = JSON.parse(readFileSync('node_modules/ipfs-unixfs-importer/package.json'))
console.log(JSON.stringify({
  made_with: `ipfs-unixfs-importer ${version} of npm (Apache-2.0 OR MIT) by scripts/unixfs_vectors.mjs`,
  profile: PROFILE,
  content: 'byte i is the highest of the four bytes of i * 2654435761 mod 2^32',
  files,
  kubo_source: 'IPIP-499 of https://github.com/ipfs/specs (CC0): the key stream of ChaCha20, its key the SHA2-256 of the seed, its nonce zero',
  kubo
}, null, 1))
