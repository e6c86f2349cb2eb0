/** When scheduled events are due: one line for each day, one cell for each hour. A cell leads to its events. */
import type { HourCounts } from "../../event/scheduled-row.ts";
import type { Filter } from "../../lists/filter.ts";
import { filterText } from "../filter-text.ts";
import { useView } from "../view.ts";
import { countText, numberText } from "./count.tsx";
import { DAY, HOUR, Time } from "./time.tsx";

/** Days that are shown, from today on. */
const DAYS = 7;

/**
 * The hours that are shown, in epoch milliseconds. Days are those of UTC, because a server does not know the viewer's
 * zone.
 */
export function shownHours(now: number): { since: number; until: number } {
	const since = now - (now % DAY);
	return { since, until: since + DAYS * DAY };
}

/** @param list path of the list @param filter what its links look for, besides the time */
export function Density({
	counts,
	since,
	list,
	filter,
}: {
	counts: HourCounts;
	since: number;
	list: string;
	filter: Filter;
}) {
	const { base } = useView();
	const byHour = new Map(counts.hours.map(({ at, count }) => [at, count]));
	const most = Math.max(1, ...byHour.values());
	const to = (from: number, length: number) => {
		const q = filterText({ ...filter, since: from, until: from + length });
		// There are 168 hours, and a page must stay below 100 KB.
		const short = q.replaceAll(":00.000Z", "Z");
		const query = new URLSearchParams({ q: short });
		return `${base}${list}?${query.toString().replaceAll("%3A", ":")}`;
	};
	const days = Array.from({ length: DAYS }, (_, day) => since + day * DAY);
	return (
		<div class="section">
			<h2>The next 7 days</h2>
			<div class="card density">
				{days.map((day) => {
					const hours = Array.from({ length: 24 }, (_, n) => day + n * HOUR);
					const total = hours.reduce((n, at) => n + (byHour.get(at) ?? 0), 0);
					return (
						<div class="day">
							<span class="muted">{dayText(day)}</span>
							{/* biome-ignore lint/a11y/useSemanticElements: an SVG cannot be a fieldset, and contains links. */}
							<svg
								class="cells"
								role="group"
								viewBox="0 0 240 10"
								preserveAspectRatio="none"
								aria-label={`${dayText(day)}: ${countText(total, "event")}`}
							>
								{hours.map((at, n) => (
									<Hour
										at={at}
										n={n}
										most={most}
										count={byHour.get(at) ?? 0}
										to={to(at, HOUR)}
									/>
								))}
							</svg>
							{total === 0 ? (
								<span class="number muted">0</span>
							) : (
								<a class="number" href={to(day, DAY)}>
									{numberText(total)}
								</a>
							)}
						</div>
					);
				})}
				<div class="day">
					<span class="muted">UTC</span>
					<p class="axis">
						{[0, 6, 12, 18].map((hour) => (
							<span>{hour}:00</span>
						))}
					</p>
					<span></span>
				</div>
			</div>
			{counts.countedUntil !== undefined && (
				<p class="muted">
					There are more than were counted: events due after{" "}
					<Time at={counts.countedUntil} /> may be missing here.
				</p>
			)}
		</div>
	);
}

function Hour({
	at,
	n,
	count,
	most,
	to,
}: {
	at: number;
	n: number;
	count: number;
	most: number;
	to: string;
}) {
	const place = { x: n * 10, width: 9.2, height: 10 };
	if (count === 0) return <rect class="d0" {...place} />;
	const hour = new Date(at).toISOString().slice(11, 16);
	const label = `${dayText(at)} ${hour} UTC: ${countText(count, "event")}`;
	return (
		<a href={to} aria-label={label}>
			<rect class={`d${Math.ceil((4 * count) / most)}`} {...place}>
				<title>{label}</title>
			</rect>
		</a>
	);
}

/** Such as `Sun 29 Nov`. */
function dayText(at: number): string {
	const [weekday = "", day, month] = new Date(at).toUTCString().split(" ");
	return `${weekday.slice(0, 3)} ${day} ${month}`;
}
