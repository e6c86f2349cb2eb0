/** The filter bar of all lists: the filter is in the URL, an error is shown next to it. It filters nothing. */
import { AS_TYPED } from "../form.tsx";
import { useView } from "../view.ts";

export function FilterBar({
	list,
	q,
	wrong,
	suggestions,
	quick = [],
	placeholder = "name:order.** state:dead tag.customer:c42 since:2h",
}: {
	/** The path of the list. */
	list: string;
	q: string;
	/** Why the filter is invalid. */
	wrong?: string | undefined;
	/** Words such as `name:order.paid`. */
	suggestions: readonly string[];
	/** Links to filters that people often need. */
	quick?: readonly (readonly [label: string, q: string])[];
	/** Examples of words. */
	placeholder?: string;
}) {
	const { base } = useView();
	const to = (q: string) =>
		base + list + (q && `?${new URLSearchParams({ q })}`);
	return (
		<search class="filter">
			<form class="line" method="get" action={base + list}>
				<input
					type="search"
					name="q"
					value={q}
					list="words"
					{...AS_TYPED}
					aria-label="Filter"
					placeholder={placeholder}
					aria-invalid={wrong === undefined ? undefined : "true"}
					aria-describedby={wrong === undefined ? undefined : "wrong"}
				/>
				<datalist id="words">
					{suggestions.map((word) => (
						<option value={word} />
					))}
				</datalist>
				<button type="submit">Filter</button>
				{q !== "" && (
					<a class="button" href={to("")}>
						Clear
					</a>
				)}
			</form>
			{wrong !== undefined && (
				<p class="wrong" id="wrong" role="alert">
					{wrong}
				</p>
			)}
			{quick.length > 0 && (
				<div class="quick">
					{quick.map(([label, filter]) => (
						<a
							href={to(filter)}
							aria-current={filter === q ? "true" : undefined}
						>
							{label}
						</a>
					))}
				</div>
			)}
		</search>
	);
}
