//! The root component, which passes messages to the face and draws it.

use yew::prelude::*;

use crate::face::{Face, Msg, Sender, View};
use crate::{browser, view};

/// The root component.
pub struct App {
    face: Face,
    sender: Sender,
}

impl Component for App {
    type Message = Msg;
    type Properties = ();

    fn create(ctx: &Context<Self>) -> Self {
        let view = match browser::parameter("view").as_deref() {
            Some("tab") => View::Tab,
            Some("panel") => View::Panel,
            Some("options") => View::Options,
            Some("welcome") => View::Welcome,
            Some("network") => View::Network,
            Some("time") => View::Time,
            // A browser that cannot open popups opens it as a page.
            _ if browser::is_wide() => View::Tab,
            _ => View::Popup,
        };
        browser::mark_page("data-view", view.word());
        let tab = browser::parameter("tab").and_then(|tab| tab.parse().ok());
        let sender = Sender::new(ctx.link().callback(|msg| msg));
        Self {
            face: Face::new(view, tab, &sender),
            sender,
        }
    }

    fn update(&mut self, _ctx: &Context<Self>, msg: Msg) -> bool {
        let drawn = self.face.update(&self.sender, msg);
        if drawn {
            self.face.arrange();
        }
        drawn
    }

    fn view(&self, _ctx: &Context<Self>) -> Html {
        view::face(&self.face, &self.sender)
    }

    fn rendered(&mut self, _ctx: &Context<Self>, _first: bool) {
        self.face.rendered(&self.sender);
    }
}
