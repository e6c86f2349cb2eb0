/** As much of Ampt's `api` as its document's sample uses. */

interface ApiEvent {
	request: { body(): Promise<unknown> };
	status(code: number): Response;
}

type Route = (event: ApiEvent) => Promise<Response>;

const routes = new Map<string, Route>();

export function api(_name: string) {
	return {
		router: (prefix: string) => ({
			post: (path: string, route: Route) =>
				void routes.set(prefix + path, route),
		}),
	};
}

/** Answers a POST. */
export async function post(request: Request): Promise<Response> {
	const { pathname } = new URL(request.url);
	const route = routes.get(pathname.endsWith("/") ? pathname : `${pathname}/`);
	if (!route) return new Response(null, { status: 404 });
	return route({
		request: { body: () => request.json() },
		status: (status) => new Response(null, { status }),
	});
}
