/** Handlers with their settings, where each setting comes from, and their failures of the last day. */
import type { Policy } from "../../handlers/retry-policy.ts";
import type { Route, Source } from "../../handlers/route.ts";
import type { HandlerMetrics } from "../../journal/metrics.ts";
import { term } from "../components/tags.tsx";
import { durationText } from "../components/time.tsx";
import { FailureLine } from "../overview/failures.tsx";
import { useView } from "../view.ts";

interface HandlerRow {
	worker: string;
	route: Route;
	/** Absent if it has not run in the last day. */
	metrics?: HandlerMetrics;
}

export function HandlerTable({ rows }: { rows: readonly HandlerRow[] }) {
	return (
		<div class="card">
			<table class="measures">
				<thead>
					<tr>
						<th scope="col">Handler</th>
						<th scope="col">Listens to</th>
						<th scope="col">Retries</th>
						<th scope="col">Timeout</th>
						<th scope="col">Failures, last day</th>
					</tr>
				</thead>
				<tbody>
					{rows.map((row) => (
						<Row {...row} />
					))}
				</tbody>
			</table>
		</div>
	);
}

function Row({ worker, route, metrics }: HandlerRow) {
	const { base } = useView();
	const { id, patterns, policy, timeout, sources } = route;
	const q = new URLSearchParams({ q: term("handler", id) });
	return (
		<tr>
			<td>
				<a class="name" href={`${base}/events?${q}`} data-row>
					{id}
				</a>
				{worker !== "" && <span class="reason">Worker {worker}</span>}
			</td>
			<td data-label="listens to">
				<span class="mono">{patternsText(patterns)}</span>
				<From source={sources.patterns} />
			</td>
			<td data-label="retries">
				{policyText(policy)}
				<From source={sources.retries} />
			</td>
			<td data-label="timeout">
				{plainDuration(timeout)}
				<From source={sources.timeout} />
			</td>
			<td class="sparked" data-label="failures, last day">
				{metrics ? (
					<FailureLine {...metrics} />
				) : (
					<span class="muted">has not run</span>
				)}
			</td>
		</tr>
	);
}

const SOURCES: Record<Source, string> = {
	handler: "",
	route: "by its route",
	defaults: "by the defaults",
	"built-in": "built in",
};

/** The handler's own settings are what people expect. */
function From({ source }: { source: Source }) {
	return source === "handler" ? null : (
		<span class="reason">{SOURCES[source]}</span>
	);
}

const MOST_PATTERNS = 8;

function patternsText(patterns: readonly string[]): string {
	const more = patterns.length - MOST_PATTERNS;
	const shown = patterns.slice(0, MOST_PATTERNS).join(", ");
	return more > 0 ? `${shown} and ${more} more` : shown;
}

export function policyText(policy: Policy): string {
	const { limit, maxAge, backoff, base, max } = policy;
	if (limit === 0) return "none";
	const most = limit === null ? "no limit" : `up to ${limit}`;
	const age = maxAge === null ? "" : `, for ${plainDuration(maxAge)}`;
	return `${most}${age}, ${waitsText(backoff, base, max)}`;
}

function waitsText(backoff: Policy["backoff"], base: number, max: number) {
	if (typeof backoff !== "string")
		return `after ${backoff.slice(0, 5).map(plainDuration).join(", ")}${backoff.length > 5 ? " …" : ""}`;
	if (backoff === "constant")
		return `every ${plainDuration(Math.min(base, max))}`;
	return `${backoff} from ${plainDuration(base)} to ${plainDuration(max)}`;
}

function plainDuration(ms: number): string {
	return durationText(ms).replace(/\.0+ /, " ");
}
