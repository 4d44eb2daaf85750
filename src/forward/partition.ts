import { crc32 } from '@node-rs/crc32'

/**
 * A journal keeps to one partition, since order holds only within one. Which one is decided by the
 * journal's id, so that many processes spread over all of them and each comes back to its own.
 */
export function choosePartition(journal: string, partitions: number): number {
  return crc32(journal) % Math.max(1, partitions)
}
