//! Delegated routing over HTTP ([IPIP-337]): which trustless gateways have a file, as a router says.
//!
//! [IPIP-337]: https://specs.ipfs.tech/ipips/ipip-0337/

use serde::Deserialize;
use serde_json::Value;

use crate::Cid;
use crate::names::canonical;

/// The most bytes of a router's answer that are worth reading.
pub const MAX_ANSWER: usize = 256 * 1024;
/// The protocol of peers that are trustless gateways.
const GATEWAY: &str = "transport-ipfs-gateway-http";

/// The answer of `/routing/v1/providers/{cid}`.
#[derive(Deserialize)]
struct Routed {
    #[serde(rename = "Providers")]
    providers: Option<Vec<Value>>,
}

/// A record of the schema `peer`. Other records lack what is read here.
#[derive(Deserialize)]
struct Provider {
    #[serde(rename = "Addrs", default)]
    addresses: Option<Vec<String>>,
    #[serde(rename = "Protocols", default)]
    protocols: Option<Vec<String>>,
}

/// The multiaddrs of the gateways in the answer of a router; none if it is no such answer.
pub fn gateways(answer: &[u8]) -> Vec<String> {
    let routed: Option<Routed> = serde_json::from_slice(answer).ok();
    let providers = routed.and_then(|routed| routed.providers);
    let is_gateway = |provider: &Provider| {
        let protocols = provider.protocols.iter().flatten();
        protocols.into_iter().any(|protocol| protocol == GATEWAY)
    };
    // A record of another shape is that of another schema, and stands for itself.
    let providers = providers.into_iter().flatten();
    let providers = providers.filter_map(|provider| serde_json::from_value(provider).ok());
    let providers = providers.filter(is_gateway);
    providers
        .filter_map(|provider| provider.addresses)
        .flatten()
        .collect()
}

/// The URL at which a router says who has a file, from the router's base URL.
pub fn url(router: &str, cid: &Cid) -> String {
    let (router, cid) = (router.trim_end_matches('/'), canonical(cid));
    format!("{router}/routing/v1/providers/{cid}?filter-protocols={GATEWAY}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_gateways_of_an_answer_are_read_and_nothing_else() {
        let answer = br#"{"Providers":[
            {"Schema":"peer","ID":"12D3KooW","Addrs":["/dns4/a.example/tcp/443/https"],"Protocols":["transport-bitswap"]},
            {"Schema":"peer","ID":"12D3KooX","Addrs":["/dns4/b.example/tcp/443/https","/ip4/1.1.1.1/tcp/4001"],
             "Protocols":["transport-bitswap","transport-ipfs-gateway-http"],"Extra":{}},
            {"Schema":"peer","ID":"12D3KooY","Protocols":["transport-ipfs-gateway-http"],"Addrs":null},
            {"Schema":"unknown"},{"Schema":"other","Protocols":"x","Addrs":{}},7]}"#;
        let found = ["/dns4/b.example/tcp/443/https", "/ip4/1.1.1.1/tcp/4001"];
        assert_eq!(gateways(answer), found);
        for none in [
            "",
            "{}",
            r#"{"Providers":null}"#,
            r#"{"Providers":[]}"#,
            "[]",
        ] {
            assert_eq!(gateways(none.as_bytes()), [""; 0], "{none}");
        }
    }
}
