//! Entries: gateways, this cluster's own and further ones.

rules! {
    GATEWAY_WAY: "gateway-way", Error, silenceable: false,
        summary: "A further gateway has a file or an address.",
        why: "A file says all about a gateway, an address only where it is. With both they could differ, with neither there is nothing to reach.",
        action: "Name the hub file that describes it, or its address.";
    GATEWAY_PASSWORD: "gateway-password", Error, silenceable: false,
        summary: "A gateway with a shared password has one to log in with.",
        why: "People's servers get the password in their environment. Without it every call to the gateway is refused.",
        action: "Write for example `password: { env: GATEWAY_PASSWORD }`.";
    GATEWAY_FILE: "gateway-file", Error, silenceable: false,
        summary: "The hub file of a further gateway can be read and has no errors.",
        why: "Address, login and region of the gateway come from that file, relative to this one. Its own further gateways are not followed.",
        action: "Correct the path, or mend that file: `frazil validate` on it says more.";
    GATEWAY_UNREACHABLE: "gateway-unreachable", Error, silenceable: false,
        summary: "People's servers can reach the further gateways.",
        why: "A gateway beside a hub is a service inside its cluster, one on a single machine listens there alone, and one with an internal balancer answers only in its own network, which cannot be joined across clouds or regions by frazil.",
        action: "Give that file `hub: false`, a domain and `gateway.balancer: public`.";
    GATEWAY_AUTH: "gateway-auth", Error, silenceable: false,
        summary: "Both files say the same of a gateway's login.",
        why: "A gateway takes a shared password or the tokens of one hub, which it asks about each of them. With the wrong one every person is refused, and the message says nothing of files.",
        action: "Write the login that the other file has, as the message says.";
    GATEWAY_DIFFERS: "gateway-differs", Error, silenceable: false,
        summary: "Name and region of a further gateway are those of its file.",
        why: "With the hub's tokens, the gateway asks the hub for a service called as the gateway's own file; the hub has made one called as the entry. If they differ, every token is refused. By the region, people's programs choose the gateway that is next to the data.",
        action: "Write the name and the region that the other file has, or leave the region out.";
    GATEWAY_IN_CLEAR: "gateway-in-clear", Warning, silenceable: true,
        summary: "Passwords and tokens go to a gateway over https.",
        why: "With `http://` everyone on the way reads the password or token, and whoever has it starts workers at your expense.",
        action: "Use the gateway's `https://` address; give it a domain if it has none.";
    GATEWAY_NO_AUTH: "gateway-no-auth", Error, silenceable: false,
        summary: "A cluster with a gateway only has a login.",
        why: "Dask Gateway's default login takes any name without a password, so everyone who reaches the address could start workers.",
        action: "Say `auth: { password: { user_password: { env: GATEWAY_PASSWORD } } }`, or `auth: { hub: … }` for another hub's tokens.";
    GATEWAY_NO_DOMAIN: "gateway-no-domain", Error, silenceable: true,
        summary: "A public gateway has a domain.",
        why: "Without a name there is no certificate: passwords, tokens and data of the Dask clusters would cross the internet in clear.",
        action: "Say `domain`, or `gateway.balancer: internal`.";
}
