/** Which handlers fail, and how: a ranking of handlers, and groups of dead letters. */
import type { Groups } from "../../dead-letters/groups.ts";
import type { HandlerMetrics } from "../../journal/metrics.ts";
import { numberText } from "../components/count.tsx";
import { GroupTable, uncountedText } from "../components/group-table.tsx";
import { term } from "../components/tags.tsx";
import { durationText, Time } from "../components/time.tsx";
import { useView } from "../view.ts";
import { Sparkline } from "./bars.tsx";

/** Rows of each table. */
const MOST = 20;

export function HandlerRanking({
	handlers,
}: {
	handlers: readonly HandlerMetrics[];
}) {
	const { base } = useView();
	if (handlers.length === 0) return null;
	return (
		<section class="section" aria-labelledby="ranking">
			<h2 id="ranking">Handlers by failures</h2>
			<div class="card">
				<table class="measures">
					<thead>
						<tr>
							<th scope="col">Handler</th>
							<th scope="col">Failures</th>
							<th scope="col" class="number">
								Attempts
							</th>
							<th scope="col" class="number">
								Failed
							</th>
							<th scope="col" class="number">
								Median
							</th>
							<th scope="col" class="number">
								99 %
							</th>
						</tr>
					</thead>
					<tbody>
						{handlers.slice(0, MOST).map((one) => (
							<RankingRow metrics={one} />
						))}
					</tbody>
				</table>
			</div>
			{handlers.length > MOST && (
				<p class="muted">
					{handlers.length - MOST} more{" "}
					<a href={`${base}/handlers`}>handlers</a>
				</p>
			)}
		</section>
	);
}

function RankingRow({ metrics }: { metrics: HandlerMetrics }) {
	const { base } = useView();
	const { handler, delivered, retrying, dead, median, p99 } = metrics;
	const failed = retrying + dead;
	const attempts = delivered + failed;
	const q = new URLSearchParams({ q: term("handler", handler) });
	return (
		<tr>
			<td class="wide">
				<a class="name" href={`${base}/events?${q}`} data-row>
					{handler}
				</a>
			</td>
			<td class="sparked" data-label="failures">
				<FailureLine {...metrics} />
			</td>
			<td class="number" data-label="attempts">
				{numberText(attempts)}
			</td>
			<td class="number" data-label="failed">
				<span class={failed > 0 ? "failed" : "muted"}>
					{rateText(failed, attempts)}
				</span>
			</td>
			<td class="number" data-label="median">
				{estimateText(median)}
			</td>
			<td class="number" data-label="99 %">
				{estimateText(p99)}
			</td>
		</tr>
	);
}

/** The counts have ranges of durations, so a quantile lies somewhere in one. */
function estimateText(quantile: number | null): string {
	return quantile === null ? "–" : `≈ ${durationText(quantile)}`;
}

/** The failures of a handler in each interval. */
export function FailureLine({
	handler,
	failures,
}: Pick<HandlerMetrics, "handler" | "failures">) {
	const sum = failures.reduce((total, value) => total + value, 0);
	const label = `${handler}: ${numberText(sum)} failures`;
	return <Sparkline values={failures} label={label} />;
}

function rateText(failed: number, attempts: number): string {
	if (failed === 0 || attempts === 0) return "0 %";
	const percent = (100 * failed) / attempts;
	return percent < 0.1
		? "< 0.1 %"
		: `${percent.toFixed(percent < 10 ? 1 : 0)} %`;
}

export function FailureGroups({ groups, uncounted, countedUntil }: Groups) {
	const { base } = useView();
	return (
		<section class="section" aria-labelledby="groups">
			<h2 id="groups">Groups of dead letters</h2>
			<div class="card">
				{groups.length === 0 ? (
					<p class="none">
						There are no dead letters. A delivery that fails for good appears
						here, with its reason.
					</p>
				) : (
					<GroupTable groups={groups.slice(0, MOST)} filter={{}} />
				)}
			</div>
			{uncounted !== undefined && (
				<p class="muted">Not counted: {uncountedText(uncounted)}.</p>
			)}
			{(groups.length > MOST || countedUntil !== undefined) && (
				<p class="muted">
					{groups.length > MOST && (
						<>
							{groups.length - MOST} more groups among the{" "}
							<a href={`${base}/dead-letters/groups`}>dead letters</a>.{" "}
						</>
					)}
					{countedUntil !== undefined && (
						<>
							Counted are the latest 10 000, back to <Time at={countedUntil} />.
						</>
					)}
				</p>
			)}
		</section>
	);
}
