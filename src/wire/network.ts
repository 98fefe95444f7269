/** Bodies of the network routes, as the Docker Engine API 1.51 has them. Pure types; field names are the API's. */

/** A container's place in a network: what a request asks for and what a response reports. Unknown addresses are "". */
export interface EndpointSettings {
  IPAMConfig?: { IPv4Address?: string; IPv6Address?: string; LinkLocalIPs?: string[] } | null;
  Links?: string[] | null;
  Aliases?: string[] | null;
  DriverOpts?: Record<string, string> | null;
  MacAddress?: string;
  GwPriority?: number;
  NetworkID?: string;
  EndpointID?: string;
  Gateway?: string;
  IPAddress?: string;
  IPPrefixLen?: number;
  IPv6Gateway?: string;
  GlobalIPv6Address?: string;
  GlobalIPv6PrefixLen?: number;
  DNSNames?: string[] | null;
}

export interface IpamPool {
  Subnet?: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string> | null;
}
export interface Ipam {
  Driver?: string;
  Options?: Record<string, string> | null;
  Config?: IpamPool[] | null;
}

export interface NetworkCreateBody {
  Name: string;
  CheckDuplicate?: boolean;
  Driver?: string;
  Scope?: string;
  Ingress?: boolean;
  ConfigOnly?: boolean;
  ConfigFrom?: { Network?: string } | null;
  Internal?: boolean;
  Attachable?: boolean;
  EnableIPv4?: boolean | null;
  EnableIPv6?: boolean | null;
  IPAM?: Ipam | null;
  Options?: Record<string, string> | null;
  Labels?: Record<string, string> | null;
}
export interface NetworkCreateReply {
  Id: string;
  Warning: string;
}

export interface NetworkInspect {
  Name: string;
  Id: string;
  Created: string;
  Scope: "local";
  Driver: string;
  EnableIPv4: boolean;
  EnableIPv6: boolean;
  IPAM: { Driver: string; Options: Record<string, string> | null; Config: IpamPool[] };
  Internal: boolean;
  Attachable: boolean;
  Ingress: false;
  ConfigFrom: { Network: "" };
  ConfigOnly: false;
  /** By container id; running endpoints only. Addresses carry their prefix length (`10.90.0.2/24`). */
  Containers: Record<
    string,
    { Name: string; EndpointID: string; MacAddress: string; IPv4Address: string; IPv6Address: string }
  >;
  Options: Record<string, string>;
  Labels: Record<string, string>;
}

export interface NetworkConnectBody {
  Container: string;
  EndpointConfig?: EndpointSettings | null;
}
export interface NetworkDisconnectBody {
  Container: string;
  Force?: boolean;
}
