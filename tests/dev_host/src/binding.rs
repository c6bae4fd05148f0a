//! `function.json`: what starts a function and where its outputs go.

use std::time::Duration;

use sandbox::bus::Entity;
use serde::Deserialize;
use serde_json::Value;

use crate::encode::DataType;
use crate::schedule::Schedule;
use crate::settings::Settings;

/// A function as its folder declares it.
#[derive(Clone, Debug)]
pub(crate) struct Function {
    pub name: String,
    /// Name of the trigger's binding.
    pub binding: String,
    pub trigger: Trigger,
    pub outputs: Vec<Output>,
}

#[derive(Clone, Debug)]
pub(crate) enum Trigger {
    Http { level: AuthLevel, methods: Vec<String>, route: Option<String> },
    ServiceBus { entity: Entity, sessions: bool, data_type: DataType },
    Timer { schedule: Schedule, run_on_startup: bool, monitor: bool },
    EventGrid,
}

#[derive(Clone, Debug)]
pub(crate) struct Output {
    pub name: String,
    pub data_type: Option<DataType>,
    pub to: Target,
}

#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Target {
    Http,
    /// Name of a queue or topic.
    ServiceBus(String),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum AuthLevel {
    Anonymous,
    Function,
    Admin,
}

#[derive(Deserialize)]
struct File {
    bindings: Vec<Binding>,
    #[serde(default)]
    disabled: bool,
    retry: Option<Value>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Binding {
    name: String,
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    direction: Option<String>,
    data_type: Option<String>,
    cardinality: Option<String>,
    queue_name: Option<String>,
    topic_name: Option<String>,
    subscription_name: Option<String>,
    #[serde(default)]
    is_sessions_enabled: bool,
    auth_level: Option<AuthLevel>,
    methods: Option<Vec<String>>,
    route: Option<String>,
    schedule: Option<String>,
    #[serde(default)]
    run_on_startup: bool,
    use_monitor: Option<bool>,
}

impl Function {
    /// Reads a `function.json`. `Ok(None)`: the function is disabled. `Err` says what is wrong with it.
    pub fn read(name: &str, text: &str, settings: &Settings) -> Result<Option<Self>, String> {
        let file: File = serde_json::from_str(text).map_err(|e| e.to_string())?;
        if file.disabled {
            return Ok(None);
        }
        if file.retry.is_some() {
            return Err("retry policies are not played by the dev host".to_owned());
        }
        let is_trigger = |binding: &Binding| binding.kind.to_lowercase().ends_with("trigger");
        let (triggers, others): (Vec<_>, Vec<_>) = file.bindings.into_iter().partition(is_trigger);
        let [trigger] = &triggers[..] else {
            return Err(format!("{} triggers, one is needed", triggers.len()));
        };
        let outputs = others.iter().map(|b| b.output(settings)).collect::<Result<_, _>>()?;
        Ok(Some(Self {
            name: name.to_owned(),
            binding: trigger.name.clone(),
            trigger: trigger.trigger(settings)?,
            outputs,
        }))
    }

    /// The output binding that makes the response to the caller.
    pub fn http_output(&self) -> Option<&str> {
        self.outputs.iter().find(|output| output.to == Target::Http).map(|o| o.name.as_str())
    }
}

impl Binding {
    fn trigger(&self, settings: &Settings) -> Result<Trigger, String> {
        match self.kind.to_lowercase().as_str() {
            "httptrigger" => Ok(Trigger::Http {
                level: self.auth_level.unwrap_or(AuthLevel::Function),
                methods: self.methods.iter().flatten().map(|m| m.to_uppercase()).collect(),
                route: self.route.as_deref().map(|r| resolve(settings, r)).transpose()?,
            }),
            "servicebustrigger" => self.service_bus(settings),
            "timertrigger" => self.timer(settings),
            "eventgridtrigger" => Ok(Trigger::EventGrid),
            _ => Err(format!("the dev host does not play triggers of type {}", self.kind)),
        }
    }

    fn service_bus(&self, settings: &Settings) -> Result<Trigger, String> {
        if self.cardinality.as_deref() == Some("many") {
            return Err("the dev host does not play Service Bus batches".to_owned());
        }
        let named =
            |name: &Option<String>| name.as_deref().map(|n| resolve(settings, n)).transpose();
        let parts =
            (named(&self.queue_name)?, named(&self.topic_name)?, named(&self.subscription_name)?);
        let entity = match parts {
            (Some(queue), None, None) => Entity::queue(queue),
            (None, Some(topic), Some(name)) => Entity::subscription(topic, name),
            _ => return Err("either queueName, or topicName and subscriptionName".to_owned()),
        };
        let data_type = self.data_type()?.unwrap_or_default();
        Ok(Trigger::ServiceBus { entity, sessions: self.is_sessions_enabled, data_type })
    }

    fn timer(&self, settings: &Settings) -> Result<Trigger, String> {
        let text = self.schedule.as_deref().ok_or("a timer needs a schedule")?;
        let schedule = Schedule::parse(&resolve(settings, text)?)?;
        let often = schedule.is_within(Duration::from_mins(1));
        let monitor = self.use_monitor.unwrap_or(true) && !often;
        Ok(Trigger::Timer { schedule, run_on_startup: self.run_on_startup, monitor })
    }

    fn output(&self, settings: &Settings) -> Result<Output, String> {
        let to = match (self.kind.to_lowercase().as_str(), self.direction.as_deref()) {
            ("http", _) => Target::Http,
            ("servicebus", Some("out")) => {
                let name = self.queue_name.as_ref().or(self.topic_name.as_ref());
                let name = name.ok_or("an output to Service Bus needs queueName or topicName")?;
                Target::ServiceBus(resolve(settings, name)?)
            }
            _ => return Err(format!("the dev host does not play bindings of type {}", self.kind)),
        };
        Ok(Output { name: self.name.clone(), data_type: self.data_type()?, to })
    }

    fn data_type(&self) -> Result<Option<DataType>, String> {
        match self.data_type.as_deref().map(str::to_lowercase).as_deref() {
            None => Ok(None),
            Some("string") => Ok(Some(DataType::String)),
            Some("binary") => Ok(Some(DataType::Binary)),
            Some(other) => Err(format!("the dev host does not play dataType {other}")),
        }
    }
}

fn resolve(settings: &Settings, text: &str) -> Result<String, String> {
    settings.resolve(text).map_err(|name| format!("no app setting {name}"))
}
