/**
 * What `GET /containers/{id}/stats` tells, as the Docker Engine API 1.51 has it. Pure types; field names are the API's.
 *
 * CPU times are nanoseconds since the container's start, `system_cpu_usage` of all the host's CPUs since its boot.
 * A container that does not run has zeros, and `read` is `0001-01-01T00:00:00Z`.
 */

export interface CpuStats {
  cpu_usage: {
    total_usage: number;
    usage_in_kernelmode: number;
    usage_in_usermode: number;
    percpu_usage?: number[];
  };
  system_cpu_usage?: number;
  online_cpus?: number;
  throttling_data: { periods: number; throttled_periods: number; throttled_time: number };
}

export interface BlkioEntry {
  major: number;
  minor: number;
  op: string;
  value: number;
}

/** Of schedulers that kernels no longer have: empty on v1, null on v2, as Docker has it. */
export type FormerBlkioList =
  | "io_queue_recursive"
  | "io_service_time_recursive"
  | "io_wait_time_recursive"
  | "io_merged_recursive"
  | "io_time_recursive"
  | "sectors_recursive";

export interface NetworkStats {
  rx_bytes: number;
  rx_packets: number;
  rx_errors: number;
  rx_dropped: number;
  tx_bytes: number;
  tx_packets: number;
  tx_errors: number;
  tx_dropped: number;
}

export interface ContainerStats {
  /** With its slash. */
  name: string;
  id: string;
  read: string;
  preread: string;
  num_procs: number;
  pids_stats: { current?: number; limit?: number };
  blkio_stats: {
    io_service_bytes_recursive: BlkioEntry[] | null;
    io_serviced_recursive: BlkioEntry[] | null;
  } & Partial<Record<FormerBlkioList, BlkioEntry[] | null>>;
  storage_stats: object;
  cpu_stats: CpuStats;
  precpu_stats: CpuStats;
  memory_stats: {
    usage?: number;
    max_usage?: number;
    failcnt?: number;
    limit?: number;
    stats?: Record<string, number>;
  };
  networks?: Record<string, NetworkStats>;
}
