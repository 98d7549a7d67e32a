/// A problem document: what every error answer carries (RFC 9457).
public struct Problem: Codable, Error, Equatable, Sendable {
    /// The media type of the document.
    public static let mediaType = "application/problem+json"
    /// ``type`` of the 403 that stands for everything until the user has changed the password.
    public static let passwordChangeRequired = "urn:upgrade-manager:password-change-required"

    /// A URI reference that names the kind of problem; `about:blank` when the status says it all.
    public var type: String
    /// The kind of problem in a few words, the same for each occurrence.
    public var title: String
    /// The HTTP status.
    public var status: Int
    /// What is wrong this time and what would be right: one line.
    public var detail: String
    /// The member or parameter at fault, where there is one.
    public var field: String?

    /// Describes a problem.
    public init(type: String = "about:blank", title: String, status: Int, detail: String, field: String? = nil) {
        self.type = type
        self.title = title
        self.status = status
        self.detail = detail
        self.field = field
    }
}
