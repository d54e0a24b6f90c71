import type { RedisClient } from './redis-command.js';

const SLOTS = 16_384;
/** Glide does not name its nodes: counts slots in 16 parts. */
const SLOTS_OF_PART = SLOTS / 16;

interface Cluster {
  readonly isCluster?: unknown;
  readonly slots?: ReadonlyArray<readonly string[] | { readonly master?: { readonly address?: string } } | undefined>;
  readonly getSlotMaster?: unknown;
  readonly pubsubShardChannels?: unknown;
}

/** @returns a function that names the cluster node of a key; `undefined` without a cluster. */
export function nodeFinderOf(client: RedisClient): ((key: string) => string | undefined) | undefined {
  const cluster = client as Cluster;
  // ioredis and iovalkey.
  if (cluster.isCluster === true) return (key) => (cluster.slots?.[slotOf(key)] as readonly string[] | undefined)?.[0];
  if (typeof cluster.getSlotMaster === 'function') {
    return (key) =>
      (cluster.slots?.[slotOf(key)] as { readonly master?: { readonly address?: string } } | undefined)?.master
        ?.address;
  }
  if (typeof cluster.pubsubShardChannels === 'function') return (key) => `${Math.floor(slotOf(key) / SLOTS_OF_PART)}`;
  return undefined;
}

/** https://redis.io/docs/latest/operate/oss_and_stack/reference/cluster-spec/ */
function slotOf(key: string): number {
  let crc = 0;
  for (const byte of Buffer.from(key)) {
    crc ^= byte << 8;
    for (let bit = 0; bit < 8; bit++) crc = (crc & 0x8000 ? (crc << 1) ^ 0x1021 : crc << 1) & 0xffff;
  }
  return crc % SLOTS;
}
