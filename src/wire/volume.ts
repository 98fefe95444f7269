/** Bodies of the volume routes, as the Docker Engine API 1.51 has them. Pure types; field names are the API's. */

export interface VolumeCreateBody {
  Name?: string;
  Driver?: string;
  DriverOpts?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}
export interface VolumeInspect {
  Name: string;
  Driver: "local";
  Mountpoint: string;
  CreatedAt: string;
  Labels: Record<string, string> | null;
  Options: Record<string, string> | null;
  Scope: "local";
}
export interface VolumeListReply {
  Volumes: VolumeInspect[];
  Warnings: string[] | null;
}
