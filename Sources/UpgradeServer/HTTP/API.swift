import Hummingbird
import NIOCore
import UpgradeCore

/// The route table of `/api/v1`.
struct API {
    let services: Services
    let access: Access

    /// Every route, the description of all of them included.
    var routes: [Route] {
        let groups: [any RouteGroup] = [
            SessionRoutes(access: access), MeRoutes(services: services, access: access),
            TokenRoutes(services: services, access: access),
            CompanyRoutes(services: services), UserRoutes(services: services),
            GatewayRoutes(services: services), MQTTAccountRoutes(services: services), ReleaseRoutes(services: services),
            DeploymentRoutes(services: services), EventRoutes(services: services),
            StreamRoutes(services: services, access: access),
        ]
        let routes = groups.flatMap(\.routes)
        return routes + [description(of: routes)]
    }

    private func description(of routes: [Route]) -> Route {
        var route = Route(
            method: .get, path: "/openapi.json", summary: "Describes this API (OpenAPI 3.1).", permission: nil,
            answer: .document, handler: { _ in Response(status: .noContent) })
        let document = OpenAPIDocument(routes: routes + [route], cookie: access.cookie.name)
        route.handler = { _ in
            Response(
                status: .ok, headers: [.contentType: "application/json"],
                body: ResponseBody(byteBuffer: ByteBuffer(bytes: try document.encoded())))
        }
        return route
    }
}
