import HTTPTypes
import Hummingbird
import NIOCore
import UpgradeAPI
import UpgradeCore

extension Pages {
    /// Answers whoever has the permission; others are led to the log-in or to their password, or refused.
    ///
    /// - Throws: a 403 for those who are logged in and may not see the page.
    func answer(
        _ request: Request, _ context: APIContext, for permission: Permission,
        with page: (Caller) async throws -> Response
    ) async throws -> Response {
        guard let caller = try await access.caller(of: request, context) else { return .toLogIn(from: request) }
        if caller.mustChangePassword { return .redirect(to: "/profile") }
        _ = try caller.principal.scope(for: permission)
        return try await page(caller)
    }

    /// Takes a form from whoever has the permission, sent from one of our pages.
    ///
    /// - Throws: a 403 for those who may not, and for a form that may come from elsewhere; a 422 for one with other fields.
    func take(
        _ request: Request, _ context: APIContext, for permission: Permission, fields: FormFields,
        upTo limit: Int = HTTPLimits.formBody,
        with page: (Caller, [String: String]) async throws -> Response
    ) async throws -> Response {
        let form = try await request.form(upTo: limit)
        return try await take(form, of: request, context, for: permission, fields: fields) { caller in
            try await page(caller, form)
        }
    }

    /// Takes what the form in a request says, as ``take(_:_:for:fields:upTo:with:)`` does.
    func take(
        _ form: [String: String], of request: Request, _ context: APIContext, for permission: Permission,
        fields: FormFields, with page: (Caller) async throws -> Response
    ) async throws -> Response {
        guard let caller = try await writer(request, context, form: form) else { return .toLogIn(from: request) }
        if caller.mustChangePassword { return .redirect(to: "/profile") }
        _ = try caller.principal.scope(for: permission)
        try fields.check(form)
        return try await page(caller)
    }

    /// Who sends a form from one of our pages; nil when nobody is logged in.
    ///
    /// - Throws: a 403 when it may come from elsewhere.
    func writer(_ request: Request, _ context: APIContext, form: [String: String]) async throws -> Caller? {
        try access.checkOrigin(of: request, context)
        guard let caller = try await access.caller(of: request, context) else { return nil }
        if let session = caller.session, !session.isCSRFToken(form["csrfToken"]) {
            throw Problem(
                type: "urn:upgrade-manager:stale-form", title: "This form is out of date",
                status: HTTPResponse.Status.forbidden.code,
                detail: "it is from a page of an earlier session, so nothing was done; load the page anew")
        }
        return caller
    }

    /// A page in its frame, for whoever looks at it.
    ///
    /// - Parameters:
    ///   - template: The page.
    ///   - fields: What its template shows.
    ///   - caller: Who looks; nil for nobody who is logged in.
    ///   - path: Which link of the frame's navigation leads here.
    ///   - status: The answer's.
    /// - Returns: The page.
    /// - Throws: What the database or a template that is missing throws.
    func html(
        _ template: PageTemplate, _ fields: [String: Any], for caller: Caller?, at path: String = "",
        status: HTTPResponse.Status = .ok
    ) async throws -> Response {
        var fields = fields
        fields["dangers"] = try await dangers.present.map { danger in
            var row = ["text": danger.text.sentence]
            row["flag"] = danger.allowedBy?.flag
            return row
        }
        if let caller {
            fields["user"] = caller.principal.username
            fields["actsAsSuper"] = access.everybodyIsSuper && caller.principal != .operator
            fields["csrfToken"] = caller.session?.csrfToken
            fields["hasProfile"] = caller.principal != .operator
            fields["isProfile"] = path == "/profile"
            // Whoever has to change the password first is shown, and told, nothing else.
            if !caller.mustChangePassword {
                fields["links"] = Navigation.links(for: caller.principal, at: path)
                fields["pageTime"] = RFC3339Time(.now()).description
                fields["mayUpgrade"] = caller.principal.may(.orderUpgrades)
            }
        }
        return Response(
            status: status, headers: [.contentType: "text/html; charset=utf-8"],
            body: ResponseBody(byteBuffer: ByteBuffer(string: try template.render(fields))))
    }
}

extension Response {
    /// A text file that is part of the program.
    static func file(_ bytes: [UInt8], type: String) -> Response {
        Response(
            status: .ok, headers: [.contentType: "\(type); charset=utf-8", .cacheControl: "no-cache"],
            body: ResponseBody(byteBuffer: ByteBuffer(bytes: bytes)))
    }
}
