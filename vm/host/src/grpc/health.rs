//! The standard health service: whoever is answered is served.

use pars_proto::host::grpc::health::v1::health_check_response::ServingStatus;
use pars_proto::host::grpc::health::v1::health_server::Health;
use pars_proto::host::grpc::health::v1::{HealthCheckRequest, HealthCheckResponse};
use tonic::{Request, Response, Status, async_trait};

/// A server that serves until it is gone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Serving;

#[async_trait]
impl Health for Serving {
    async fn check(&self, request: Request<HealthCheckRequest>) -> Result<Response<HealthCheckResponse>, Status> {
        if !request.into_inner().service.is_empty() {
            return Err(Status::not_found("only the whole server's health is known, ask for service \"\""));
        }
        Ok(Response::new(HealthCheckResponse { status: ServingStatus::Serving.into() }))
    }

    type WatchStream = tokio_stream::Empty<Result<HealthCheckResponse, Status>>;

    /// The state never changes; clients that get this answer fall back to asking.
    async fn watch(&self, _: Request<HealthCheckRequest>) -> Result<Response<Self::WatchStream>, Status> {
        Err(Status::unimplemented("the state does not change; use Check"))
    }
}
