//! What flows are told apart by, and what is said of what is not told.

use std::fmt;

use super::Text;
use crate::catalog::Owner;

/// Seen from the local end.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Direction {
    /// Sent.
    Out,
    /// Received.
    In,
}

/// The other end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// An address of neither cloud.
    Internet,
    /// An address that a cloud lists as its own, or that the log names a service for. Where the log names it but
    /// the table of ranges does not know the address, the region is none.
    Cloud(Owner),
    /// An address of the network, or of one that is joined to it.
    Network(Zones),
    /// An address outside, by a NAT gateway. On AWS by traffic path 1 ("through another resource in the same
    /// VPC") to a public address: a transit gateway or a firewall on the way look the same.
    Nat(Beyond),
}

/// What is behind a NAT gateway.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Beyond {
    /// See [`Peer::Internet`].
    Internet,
    /// See [`Peer::Cloud`].
    Cloud(Owner),
}

impl Peer {
    /// What is behind, for a peer outside the network that is reached without a NAT gateway.
    pub(super) fn beyond(&self) -> Option<Beyond> {
        match self {
            Self::Internet => Some(Beyond::Internet),
            Self::Cloud(owner) => Some(Beyond::Cloud(owner.clone())),
            Self::Network(_) | Self::Nat(_) => None,
        }
    }
}

impl Beyond {
    /// The same without the gateway.
    pub(super) fn peer(&self) -> Peer {
        match self {
            Self::Internet => Peer::Internet,
            Self::Cloud(owner) => Peer::Cloud(owner.clone()),
        }
    }
}

/// Where two ends of a network are.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Zones {
    /// Both in one zone.
    Same,
    /// In two zones, of one region unless the regions are not in the logs.
    Other,
    /// In two regions: that of the other end, where the logs tell it.
    OtherRegion(Option<Text>),
    /// The zone of one of them is not in the logs, and no two regions are.
    Unknown,
}

impl Zones {
    /// The name in the ledger.
    pub(in crate::ledger) const fn name(&self) -> &'static str {
        match self {
            Self::Same => "same",
            Self::Other => "other",
            Self::OtherRegion(_) => "other-region",
            Self::Unknown => "unknown",
        }
    }

    /// The zones of a name, and the other end's region.
    pub(in crate::ledger) fn from_name(name: &str, region: Option<Text>) -> Option<Self> {
        [Self::Same, Self::Other, Self::OtherRegion(region), Self::Unknown]
            .into_iter()
            .find(|zones| zones.name() == name)
    }
}

/// AWS's traffic path, of outgoing traffic (flow log records, field `traffic-path`).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TrafficPath {
    /// 1: through another resource in the same VPC.
    Vpc,
    /// 2: through an internet gateway or a gateway endpoint.
    InternetOrEndpoint,
    /// 3: through a virtual private gateway.
    PrivateGateway,
    /// 4: through a peering connection within the region.
    Peering,
    /// 5: through a peering connection to another region.
    OtherRegionPeering,
    /// 6: through a local gateway.
    LocalGateway,
    /// 7: through a gateway endpoint; of Nitro instances only.
    GatewayEndpoint,
    /// 8: through an internet gateway; of Nitro instances only.
    InternetGateway,
}

impl TrafficPath {
    /// The path of AWS's number; none for numbers that were not there when this was written.
    pub(in crate::ledger) const fn of(number: u8) -> Option<Self> {
        Some(match number {
            1 => Self::Vpc,
            2 => Self::InternetOrEndpoint,
            3 => Self::PrivateGateway,
            4 => Self::Peering,
            5 => Self::OtherRegionPeering,
            6 => Self::LocalGateway,
            7 => Self::GatewayEndpoint,
            8 => Self::InternetGateway,
            _ => return None,
        })
    }

    /// AWS's number.
    pub(in crate::ledger) const fn number(self) -> u8 {
        match self {
            Self::Vpc => 1,
            Self::InternetOrEndpoint => 2,
            Self::PrivateGateway => 3,
            Self::Peering => 4,
            Self::OtherRegionPeering => 5,
            Self::LocalGateway => 6,
            Self::GatewayEndpoint => 7,
            Self::InternetGateway => 8,
        }
    }
}

/// Records that are in no sum, by the reason.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LeftOut {
    /// AWS's `NODATA`: an interface without traffic.
    pub no_data: u64,
    /// AWS's `SKIPDATA`: flows that AWS could not record. Sums are too small by what these were.
    pub skipped: u64,
    /// Flows that were rejected or dropped.
    pub rejected: u64,
    /// Google: reports of VLAN attachments and VPN tunnels, whose flows the machines report as well.
    pub by_gateways: u64,
    /// Flows seen at an interface that they only pass, such as a firewall's, whose ends log them as well.
    pub on_the_way: u64,
    /// Flows between two addresses of which the log does not tell the local one.
    pub undirected: u64,
}

impl LeftOut {
    pub(super) fn add(&mut self, other: Self) {
        self.no_data += other.no_data;
        self.skipped += other.skipped;
        self.rejected += other.rejected;
        self.by_gateways += other.by_gateways;
        self.on_the_way += other.on_the_way;
        self.undirected += other.undirected;
    }
}

/// What a log lacks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Lacks {
    /// No `traffic-path`: before version 5.
    TrafficPath,
    /// No `pkt-src-aws-service` and `pkt-dst-aws-service`: before version 5.
    Service,
    /// No `flow-direction`: before version 5.
    Direction,
    /// No `pkt-srcaddr` and `pkt-dstaddr`: before version 3.
    PacketAddresses,
    /// No `az-id`: before version 4.
    Zone,
    /// No `region`: before version 4.
    Region,
    /// No `instance-id`: before version 3.
    Instance,
    /// No `interface-id`.
    Interface,
    /// No `packets`.
    Packets,
    /// No `action`.
    Action,
    /// Google samples packets.
    Sampled,
    /// Google counts without headers.
    Headers,
    /// Google does not say what Cloud NAT translated.
    CloudNat,
}

impl Lacks {
    /// All of them, with their names in the ledger.
    const NAMES: [(Self, &'static str); 13] = [
        (Self::TrafficPath, "traffic-path"),
        (Self::Service, "service"),
        (Self::Direction, "direction"),
        (Self::PacketAddresses, "packet-addresses"),
        (Self::Zone, "zone"),
        (Self::Region, "region"),
        (Self::Instance, "instance"),
        (Self::Interface, "interface"),
        (Self::Packets, "packets"),
        (Self::Action, "action"),
        (Self::Sampled, "sampled"),
        (Self::Headers, "headers"),
        (Self::CloudNat, "cloud-nat"),
    ];

    /// The name in the ledger.
    pub(in crate::ledger) fn name(self) -> &'static str {
        Self::NAMES.iter().find(|(lacks, _)| *lacks == self).map_or("", |(_, name)| name)
    }

    /// What a name says.
    pub(in crate::ledger) fn from_name(name: &str) -> Option<Self> {
        Self::NAMES.iter().find(|(_, known)| *known == name).map(|(lacks, _)| *lacks)
    }
}

impl fmt::Display for Lacks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::TrafficPath => {
                "no traffic-path (version 5): NAT is told only where its interface is logged with pkt-srcaddr and \
                 pkt-dstaddr; gateway endpoints and internet gateways cannot be told apart"
            }
            Self::Service => {
                "no pkt-src-aws-service and pkt-dst-aws-service (version 5): services are told by the table of \
                 address ranges alone"
            }
            Self::Direction => {
                "no flow-direction (version 5): directions are told by which address is the interface's own"
            }
            Self::PacketAddresses => {
                "no pkt-srcaddr and pkt-dstaddr (version 3): pods have the addresses of their nodes, and what is \
                 behind a NAT gateway's interface is not told"
            }
            Self::Zone => "no az-id (version 4): traffic between zones cannot be told from traffic within one",
            Self::Region => "no region (version 4): whether a cloud's address is in the same region is not told",
            Self::Instance => "no instance-id (version 3): local ends are interfaces",
            Self::Interface => {
                "no interface-id: of flows between two addresses of the network the local end is told only by \
                 flow-direction"
            }
            Self::Packets => "no packets: they are counted as none",
            Self::Action => "no action: rejected flows are in the sums",
            Self::Sampled => {
                "Google samples packets and makes up for what it did not capture: its bytes and packets are estimates"
            }
            Self::Headers => "Google counts bytes without the headers of packets: bills count more",
            Self::CloudNat => {
                "Google's records do not tell what Cloud NAT translated: it is with what went to the internet"
            }
        })
    }
}
