import { SessionConfigurationError } from '../errors/session.errors.js';

// RFC 9110 token.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

/** Field names registered at IANA, and others used by HTTP/1.1 servers and browsers. */
const REGISTERED: ReadonlySet<string> = new Set(
  (
    'a-im accept accept-additions accept-ch accept-charset accept-datetime accept-encoding accept-features ' +
    'accept-language accept-patch accept-post accept-ranges accept-signature access-control access-control-' +
    'allow-credentials access-control-allow-headers access-control-allow-methods access-control-allow-origin ' +
    'access-control-expose-headers access-control-max-age access-control-request-headers access-control-' +
    'request-method activate-storage-access age allow alpn alt-svc alt-used alternates amp-cache-transform ' +
    'apply-to-redirect-ref authentication-control authentication-info authorization available-dictionary c-ext ' +
    'c-man c-opt c-pep c-pep-info cache-control cache-group-invalidation cache-groups cache-status cal-managed-' +
    'id caldav-timezones capsule-protocol cdn-cache-control cdn-loop cert-not-after cert-not-before clear-site-' +
    'data client-cert client-cert-chain close cmcd-object cmcd-request cmcd-session cmcd-status cmsd-dynamic ' +
    'cmsd-static concealed-auth-export configuration-context connection content-base content-digest content-' +
    'disposition content-encoding content-id content-language content-length content-location content-md5 ' +
    'content-range content-script-type content-security-policy content-security-policy-report-only content-' +
    'style-type content-type content-version cookie cookie2 cross-origin-embedder-policy cross-origin-embedder-' +
    'policy-report-only cross-origin-opener-policy cross-origin-opener-policy-report-only cross-origin-' +
    'resource-policy cta-common-access-token dasl date dav default-style delta-base deprecation depth derived-' +
    'from destination detached-jws dictionary-id differential-id digest dnt dpop dpop-nonce early-data ediint-' +
    'features etag expect expect-ct expires ext forwarded from getprofile hobareg host http2-settings if if-' +
    'match if-modified-since if-none-match if-range if-schedule-tag-match if-unmodified-since im include-' +
    'referred-token-binding-id incremental isolation keep-alive label last-event-id last-modified link link-' +
    'template location lock-token man max-forwards memento-datetime meter method-check method-check-expires ' +
    'mime-version negotiate nel odata-entityid odata-isolation odata-maxversion odata-version opt optional-www-' +
    'authenticate ordering-type origin origin-agent-cluster oscore oslc-core-version overwrite p3p pep pep-info ' +
    'permissions-policy pics-label ping-from ping-to position pragma prefer preference-applied priority ' +
    'profileobject protocol protocol-info protocol-query protocol-request proxy-authenticate proxy-' +
    'authentication-info proxy-authorization proxy-connection proxy-features proxy-instruction proxy-status ' +
    'public public-key-pins public-key-pins-report-only range redirect-ref referer referer-root referrer-policy ' +
    'refresh repeatability-client-id repeatability-first-sent repeatability-request-id repeatability-result ' +
    'replay-nonce reporting-endpoints repr-digest retry-after safe schedule-reply schedule-tag sec-ch-ua sec-' +
    'ch-ua-mobile sec-ch-ua-platform sec-fetch-dest sec-fetch-mode sec-fetch-site sec-fetch-storage-access sec-' +
    'fetch-user sec-gpc sec-purpose sec-token-binding sec-websocket-accept sec-websocket-extensions sec-' +
    'websocket-key sec-websocket-protocol sec-websocket-version security-scheme server server-timing set-cookie ' +
    'set-cookie2 setprofile signature signature-input slug soapaction status-uri strict-transport-security ' +
    'sunset surrogate-capability surrogate-control tcn te timeout timing-allow-origin topic traceparent ' +
    'tracestate trailer transfer-encoding ttl unencoded-digest upgrade upgrade-insecure-requests urgency uri ' +
    'use-as-dictionary user-agent variant-vary vary via want-content-digest want-digest want-repr-digest want-' +
    'unencoded-digest warning www-authenticate x-content-type-options x-frame-options'
  ).split(' '),
);

const TAKEN: ReadonlySet<string> = new Set(
  (
    'x-dns-prefetch-control x-forwarded-by x-forwarded-for x-forwarded-host x-forwarded-port x-forwarded-prefix ' +
    'x-forwarded-proto x-forwarded-server x-http-method-override x-original-url x-powered-by x-real-ip ' +
    'x-requested-with x-rewrite-url x-xss-protection'
  ).split(' '),
);

/** Names of `Object.prototype`, which Node.js drops or confuses with received headers. */
const INHERITED: ReadonlySet<string> = new Set(Object.getOwnPropertyNames(Object.prototype).map(lowerCase));

/** @throws {SessionConfigurationError} for an invalid or reserved name. */
export function checkHeaderName(name: string): void {
  if (!TOKEN.test(name)) {
    const at = Array.from(name).findIndex((character) => !TOKEN.test(character));
    throw new SessionConfigurationError(
      `Header name '${name}' contains illegal character '${name.charAt(at)}' (code ${name.charCodeAt(at)}). ` +
        'Use letters, digits and "-".',
    );
  }
  const lower = lowerCase(name);
  if (REGISTERED.has(lower) || TAKEN.has(lower)) {
    throw new SessionConfigurationError(`Header "${name}" is reserved. Use another name, such as X-Session.`);
  }
  if (INHERITED.has(lower)) {
    throw new SessionConfigurationError(
      `Header "${name}" has the name of a member of Object.prototype. Use another name, such as X-Session.`,
    );
  }
}

function lowerCase(name: string): string {
  return name.toLowerCase();
}
